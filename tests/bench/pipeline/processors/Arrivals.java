import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.multilang.config.KinesisClientLibConfigurator;
import software.amazon.kinesis.multilang.config.MultiLangDaemonConfiguration;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * A plain Java KCL application for the benchmark of the pipeline: the daemon's KCL with the daemon's properties, and a
 * record processor in the same JVM. It notes each batch in the file that BENCH_ARRIVALS names, as one line:
 * CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data. It checkpoints as often as kclhost does.
 *
 * <p>java Arrivals PROPERTIES_FILE
 */
public final class Arrivals implements ShardRecordProcessor {
  private static final long CHECKPOINT_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final FileOutputStream FILE = open(System.getenv("BENCH_ARRIVALS"));

  private String shard;
  private long checkpointed = System.nanoTime();

  private static FileOutputStream open(String path) {
    try {
      return new FileOutputStream(path, true);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  public static void main(String[] arguments) throws Exception {
    MultiLangDaemonConfiguration configuration;
    try (InputStream properties = new FileInputStream(arguments[0])) {
      configuration = new KinesisClientLibConfigurator().getConfiguration(properties);
    }
    Scheduler scheduler = configuration.build(Arrivals::new);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(scheduler, configuration.getShutdownGraceMillis())));
    scheduler.run();
  }

  private static void stop(Scheduler scheduler, long graceMillis) {
    try {
      scheduler.startGracefulShutdown().get(graceMillis, TimeUnit.MILLISECONDS);
    } catch (Exception error) {
      System.err.println("not stopped in order: " + error);
    }
  }

  @Override
  public void initialize(InitializationInput input) {
    shard = input.shardId();
  }

  @Override
  public void processRecords(ProcessRecordsInput input) {
    if (input.records().isEmpty()) {
      return;
    }
    long now = System.nanoTime();
    long bytes = 0;
    for (KinesisClientRecord record : input.records()) {
      bytes += record.data().remaining();
    }
    note(now + " " + shard + " " + input.records().size() + " " + bytes + "\n");
    if (input.millisBehindLatest() == 0 || now - checkpointed > CHECKPOINT_NANOS) {
      checkpoint(input.checkpointer());
      checkpointed = now;
    }
  }

  private static void note(String line) {
    try {
      FILE.write(line.getBytes());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static void checkpoint(RecordProcessorCheckpointer checkpointer) {
    try {
      checkpointer.checkpoint();
    } catch (InvalidStateException | ShutdownException error) {
      System.err.println("no checkpoint: " + error);
    }
  }

  @Override
  public void leaseLost(LeaseLostInput input) {}

  @Override
  public void shardEnded(ShardEndedInput input) {
    checkpoint(input.checkpointer());
  }

  @Override
  public void shutdownRequested(ShutdownRequestedInput input) {
    checkpoint(input.checkpointer());
  }
}
