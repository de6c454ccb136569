using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>The steps of an instance over its visits, as its newest records tell them, with the live progress of those that run.</summary>
internal static class InstanceSteps
{
    /// <summary>How many records are looked at, at the most.</summary>
    private const int Window = 500;

    /// <summary>How many at once: a record may be large.</summary>
    private const int Chunk = 50;

    public static async Task<(IReadOnlyList<StepBody> Steps, long From, FailureBody? LastError, string? Head)> Of(InstanceView view, IStoreReads reads, CancellationToken cancellation)
    {
        var version = view.Instance.Version;
        var from = Math.Max(1, version - Window + 1);
        var trail = new Trail(complete: from == 1, keepsAll: true);
        string? head = null;
        for (var next = from; next <= version;)
        {
            var records = await reads.Records(view.Instance.Id, next, (int)Math.Min(Chunk, version - next + 1), cancellation);
            if (records.Count == 0) break;
            foreach (var record in records)
                foreach (var @event in Trails.Decode(record)) trail.Apply(@event, record.Version, record.At);
            head = Wire.Hex(records[^1].Hash);
            next = records[^1].Version + 1;
        }
        var steps = new SortedDictionary<int, StepBody>();
        foreach (var (ordinal, step) in trail.Steps) steps[ordinal] = Told(step, view);
        // The present visit's journal is exact, however long ago its entries were written.
        foreach (var entry in view.Instance.Journal.Values) steps[entry.Ordinal] = Told(entry, view, steps.GetValueOrDefault(entry.Ordinal));
        return ([.. steps.Values], from, FailureBody.Of(trail.LastError?.Failure, trail.LastError?.At), head);
    }

    private static StepBody Told(TrailStep step, InstanceView view) => new(
        step.Name, Wire.Word(step.Kind), step.Target.Length > 0 ? step.Target : null, step.State, step.Visit, step.Ordinal, Wire.Word(step.Status), step.Attempt,
        step.Kind == EntryKind.Step ? step.Generation : null, step.StartedAt, step.EndedAt, step.Status == EntryStatus.Retrying ? step.Due : null,
        step.Status == EntryStatus.Running ? step.Due : null, ProgressOf(step.Ordinal, view), FailureBody.Of(step.Failure), step.CanUndo ? true : null, step.Undone ? true : null);

    private static StepBody Told(Entry entry, InstanceView view, StepBody? known) => new(
        entry.Name, Wire.Word(entry.Kind), entry.Target.Length > 0 ? entry.Target : null, view.Instance.State, view.Instance.Visit, entry.Ordinal, Wire.Word(entry.Status), entry.Attempt,
        entry.Kind == EntryKind.Step ? entry.Generation : null, entry.FirstAt, known?.Ended, entry.Status == EntryStatus.Retrying ? entry.Due : null,
        entry.Status == EntryStatus.Running ? entry.Due : null, ProgressOf(entry.Ordinal, view), FailureBody.Of(entry.Failure), entry.CanUndo ? true : null, known?.Undone);

    private static ProgressBody? ProgressOf(int ordinal, InstanceView view) =>
        view.Running.TryGetValue(ordinal, out var progress) && progress is not null ? new(progress.Fraction, progress.Message) : null;
}
