"""Faults that the driver's test has found, each by itself."""
from calm import Calm
from settings import Setting

FULL = Setting("full", plugin="writer_checkpointing", flush=1000, in_flight=30, checkpoint="everything")


def test_a_lost_lease_is_no_plugin_that_does_not_flush(directory):
    world = Calm(directory, FULL, 300, {}, ["ShutdownException"])
    world.live(300, calm=True)  # the host ends in good order, or this raises
    assert world.lease_is_lost and not world.errors
    world.live(300, calm=True)
    world.accounts.check_end()


def test_a_checkpoint_that_the_kcl_refuses_is_asked_for_again(directory):
    refusals = 10  # more than checkpoint.retry makes of it
    world = Calm(directory, FULL, 300, {}, ["ThrottlingException"] * refusals)
    world.live(300, calm=True)
    assert world.shard_has_ended and world.lived == 1
    world.accounts.check_end()


def test_a_plugin_that_overwrites_the_shared_page_hides_no_death(directory):
    world = Calm(directory, Setting("hostile"), 50, {10: "hostile_scribble", 20: "exit", 30: "segv"})
    world.live(50, calm=True)
    assert world.shard_has_ended and world.lived == 1
    world.accounts.check_end()


def test_in_the_host_a_record_that_ends_it_in_a_flush_is_found(directory):
    setting = Setting("in the host", plugin="writer_checkpointing", flush=50, isolation="none")
    world = Calm(directory, setting, 300, {120: "flush_segv", 280: "flush_exit"})
    world.run()
    print(f"\n{world.lived} lives for two records")
