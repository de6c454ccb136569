namespace Perdure.Kernel;

/// <summary>Moments that are computed: whole milliseconds, rounded up so that nothing fires early, and never out of range.</summary>
internal static class Moment
{
    private static readonly DateTimeOffset Last = new(DateTime.MaxValue.Ticks - (DateTime.MaxValue.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);

    public static DateTimeOffset After(DateTimeOffset at, TimeSpan time)
    {
        if (time <= TimeSpan.Zero) return at;
        if (time >= Last - at) return Last;
        var due = at + time;
        var over = due.UtcTicks % TimeSpan.TicksPerMillisecond;
        return over == 0 ? due : due.AddTicks(TimeSpan.TicksPerMillisecond - over);
    }

    public static DateTimeOffset? After(DateTimeOffset at, TimeSpan? time) => time is { } some ? After(at, some) : null;
}
