"""How much is read at once, and how often: as `kclhost launch` tells its daemon, so that whoever reads alike can be
compared."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Pace:
    records: int  # a read
    pause: int    # milliseconds between two reads of a shard
    quiet: int    # the same, once the shard is read to its end

    @classmethod
    def of_properties(cls, text: str) -> "Pace":
        """Of the daemon's properties, as launch prints them."""
        pairs = (line.partition("=") for line in text.splitlines())
        values = {key.strip(): value.strip() for key, _, value in pairs}
        names = ("maxRecords", "idleTimeBetweenReadsInMillis", "millisBehindLatestThresholdForReducedTps")
        missing = [name for name in names if name not in values]
        if missing:
            raise RuntimeError(f"kclhost launch tells its daemon no {', '.join(missing)}: how fast does it read?")
        return cls(*(int(values[name]) for name in names))
