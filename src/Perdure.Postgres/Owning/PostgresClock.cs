namespace Perdure.Postgres.Owning;

/// <summary>
/// The database's clock as far as this node knows it, never ahead of it: what the database said, counted on from the moment the answer came, a little slower than time passes here. It goes
/// back only where the database's clock has: where it said more than the database can have meant by the time its answer was here.
/// </summary>
internal sealed class PostgresClock(TimeProvider time) : TimeProvider
{
    /// <summary>The most by which two clocks may differ in rate: a thousandth, many times what quartz does.</summary>
    private const long Slower = 1000;

    private Reading? _reading;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => time.TimestampFrequency;

    /// <summary>How often the database's clock went back.</summary>
    public int Corrections { get; private set; }

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);

    public override DateTimeOffset GetUtcNow()
    {
        var reading = Volatile.Read(ref _reading) ?? throw new InvalidOperationException("The store's clock is known once the store is open.");
        return new(reading.Floor.Raise(Counted(reading)), TimeSpan.Zero);
    }

    /// <summary>The database said <paramref name="said"/> between two moments here. One thread calls this.</summary>
    public void Learn(DateTimeOffset said, long sent, long arrived)
    {
        var floor = _reading?.Floor ?? new();
        if (floor.Value > said.UtcTicks + time.GetElapsedTime(sent, arrived).Ticks)
        {
            floor = new();
            Corrections++;
        }
        Volatile.Write(ref _reading, new(said.UtcTicks, arrived, floor));
    }

    private long Counted(Reading reading)
    {
        var passed = time.GetElapsedTime(reading.Arrived).Ticks;
        return reading.Said + passed - passed / Slower;
    }

    private sealed record Reading(long Said, long Arrived, Floor Floor);

    /// <summary>The latest moment that was told: nobody is told an earlier one.</summary>
    private sealed class Floor
    {
        private long _value;

        public long Value => Volatile.Read(ref _value);

        public long Raise(long value)
        {
            var seen = Value;
            while (seen < value)
            {
                var before = Interlocked.CompareExchange(ref _value, value, seen);
                if (before == seen) return value;
                seen = before;
            }
            return seen;
        }
    }
}
