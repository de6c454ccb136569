using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>The database's clock, as a node knows it.</summary>
public sealed class ClockTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ManualTime _time = new();

    /// <summary>A round trip of ten milliseconds, at the end of which the database's clock says something.</summary>
    private void Learn(PostgresClock clock, DateTimeOffset said)
    {
        var sent = _time.GetTimestamp();
        _time.Pass(TimeSpan.FromMilliseconds(10));
        clock.Learn(said, sent, _time.GetTimestamp());
    }

    [Fact]
    public void It_is_never_ahead_of_what_the_database_said_and_the_time_since()
    {
        var clock = new PostgresClock(_time);
        Learn(clock, Noon);
        Assert.Equal(Noon, clock.GetUtcNow());
        _time.Pass(TimeSpan.FromSeconds(10));
        Assert.InRange(clock.GetUtcNow(), Noon.AddSeconds(9.98), Noon.AddSeconds(10));
    }

    [Fact]
    public void An_answer_that_was_slow_does_not_set_it_back()
    {
        var clock = new PostgresClock(_time);
        Learn(clock, Noon);
        _time.Pass(TimeSpan.FromSeconds(1));
        var before = clock.GetUtcNow();
        Learn(clock, before.AddMilliseconds(-5));
        Assert.Equal(before, clock.GetUtcNow());
        Assert.Equal(0, clock.Corrections);
        _time.Pass(TimeSpan.FromMilliseconds(20));
        Assert.InRange(clock.GetUtcNow(), before.AddMilliseconds(14), before.AddMilliseconds(15));
    }

    [Fact]
    public void A_step_back_of_the_databases_clock_sets_it_back_to_what_that_says()
    {
        var clock = new PostgresClock(_time);
        Learn(clock, Noon);
        _ = clock.GetUtcNow();
        Learn(clock, Noon.AddHours(-1));
        Assert.Equal(Noon.AddHours(-1), clock.GetUtcNow());
        Assert.Equal(1, clock.Corrections);
    }

    [Fact]
    public void A_step_forth_is_followed()
    {
        var clock = new PostgresClock(_time);
        Learn(clock, Noon);
        Learn(clock, Noon.AddHours(1));
        Assert.Equal(Noon.AddHours(1), clock.GetUtcNow());
    }

    [Fact]
    public void Before_the_database_has_said_anything_there_is_no_time() => Assert.Throws<InvalidOperationException>(() => new PostgresClock(_time).GetUtcNow());
}

/// <summary>A clock that goes when it is told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Moves the wall clock alone.</summary>
    public TimeSpan Wall { get; set; }

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(_ticks) + Wall;

    public void Pass(TimeSpan span) => _ticks += span.Ticks;
}
