using System.Globalization;
using Perdure.Kernel;

namespace Perdure.Simulation.Reporting;

/// <summary>Which column of a timeline.</summary>
internal enum LaneOf
{
    World,
    Node,
    Store,
    Instance,
}

/// <summary>Something that people want to see of a run.</summary>
/// <param name="At">Ticks since the world's beginning.</param>
/// <param name="Of">What kind of lane it stands in.</param>
/// <param name="Lane">The lane's name: a node's, an instance's.</param>
/// <param name="What">What happened.</param>
/// <param name="Bad">Whether it is a fault or the violation.</param>
internal sealed record TimelineEntry(long At, LaneOf Of, string Lane, string What, bool Bad);

/// <summary>What happened in a run, as people read it: nodes, the store and instances; not every message.</summary>
internal sealed class Timeline
{
    /// <summary>So many entries are kept; a run that is longer keeps its end.</summary>
    public const int Max = 20_000;

    private readonly Queue<TimelineEntry> _entries = new();

    public IReadOnlyCollection<TimelineEntry> Entries => _entries;

    public void Add(TimelineEntry entry)
    {
        _entries.Enqueue(entry);
        if (_entries.Count > Max) _entries.Dequeue();
    }

    /// <summary>The end of it, a line for each entry.</summary>
    public string Text(int last)
    {
        var lines = _entries.Skip(Math.Max(0, _entries.Count - last)).Select(e => $"  {Moment(e.At),12}  {e.Lane,-15} {(e.Bad ? "! " : "  ")}{e.What}");
        return string.Join('\n', _entries.Count > last ? lines.Prepend($"  … {_entries.Count - last} entries before") : lines);
    }

    public static string Moment(long ticks)
    {
        var time = TimeSpan.FromTicks(ticks);
        return string.Create(CultureInfo.InvariantCulture, $"{(time.Days > 0 ? $"{time.Days}d " : "")}{time:hh\\:mm\\:ss\\.fff}");
    }

    /// <summary>An event in a few words.</summary>
    public static string Words(Event @event) => @event switch
    {
        Started => "started",
        StepIntended e => $"wants {e.Name}{(e.Generation > 1 ? $" (generation {e.Generation})" : "")}",
        StepSucceeded e => $"step {e.Ordinal} succeeded{(e.Attempt > 1 ? $" at attempt {e.Attempt}" : "")}",
        StepRetryScheduled e => $"step {e.Ordinal} will be tried again: {e.Failure.Code}",
        StepRetried e => $"step {e.Ordinal} is tried again",
        StepFailed e => $"step {e.Ordinal} failed: {e.Failure.Code}",
        StepParked e => $"step {e.Ordinal} is parked: {e.Failure.Code}",
        SleepBegan e => $"sleeps until {e.Due.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}",
        SleepEnded => "wakes",
        SignalAwaited e => $"awaits {e.Signal}",
        SignalReceived e => $"receives {e.Signal}",
        RestartBegan e => $"begins visit {e.Visit} anew, undoing first",
        VisitRestarted e => $"visit {e.Visit} begins anew",
        ExitBegan e => $"leaves for {e.To}{(e.Compensates ? ", undoing first" : "")}",
        UndoBegan e => $"undoes step {e.Ordinal}",
        UndoSucceeded e => $"step {e.Ordinal} is undone",
        UndoRetryScheduled e => $"the undo of step {e.Ordinal} failed: {e.Failure.Code}",
        Transitioned e => $"{e.From} → {e.To}{(e.IsEnd ? " (end)" : "")}",
        DeadlineBreached => "deadline breached",
        IncidentRaised e => $"incident {e.Number}: {e.Failure.Code}",
        IncidentResolved e => $"incident {e.Number} resolved by {e.By}",
        GateDecided e => $"gate {(e.Approved ? "approved" : "declined")} by {e.By}",
        Recovered e => e.Unclean ? "recovered after an unclean death" : "recovered",
        _ => @event.GetType().Name,
    };
}
