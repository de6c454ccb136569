using Perdure.Kernel;

namespace Perdure.Simulation.Oracles;

/// <summary>Whether two instances have the same future: all that <see cref="InstanceText"/> tells, without making a text of it.</summary>
internal static class InstanceEquality
{
    public static bool Same(Instance a, Instance b) =>
        ReferenceEquals(a, b)
        || (a.State == b.State && a.Visit == b.Visit && a.Version == b.Version && a.Status == b.Status && Same(a.Data, b.Data) && Same(a.Exit, b.Exit)
            && a.Paused == b.Paused && a.CancelRequested == b.CancelRequested && Same(a.Incident, b.Incident)
            && (a.Intents, a.Outcomes, a.Incidents, a.Recoveries, a.VisitsAllowed, a.Accepted) == (b.Intents, b.Outcomes, b.Incidents, b.Recoveries, b.VisitsAllowed, b.Accepted)
            && Equals(a.Deadline, b.Deadline) && Equals(a.Decided, b.Decided)
            && Same(a.Journal, b.Journal, Same) && Same(a.Outstanding, b.Outstanding, string.Equals) && Same(a.Generations, b.Generations, (x, y) => x == y) && Same(a.Stack, b.Stack, Same)
            && Same(a.Signals, b.Signals) && a.Messages.SetEquals(b.Messages));

    private static bool Same(Payload? a, Payload? b) => a is null || b is null ? ReferenceEquals(a, b) : a.Body.Span.SequenceEqual(b.Body.Span);

    private static bool Same(Exit? a, Exit? b) => a is null || b is null ? ReferenceEquals(a, b) : (a.To, a.Compensates, a.Restarts, a.DropsMessages) == (b.To, b.Compensates, b.Restarts, b.DropsMessages) && Same(a.Data, b.Data);

    private static bool Same(Incident? a, Incident? b) =>
        a is null || b is null ? ReferenceEquals(a, b) : a.Number == b.Number && a.Failure.Code == b.Failure.Code && a.Ordinal == b.Ordinal;

    private static bool Same(Entry a, Entry b) =>
        ReferenceEquals(a, b)
        || (a.Kind == b.Kind && a.Ordinal == b.Ordinal && a.Generation == b.Generation && a.Attempt == b.Attempt && a.Spent == b.Spent && a.Status == b.Status && a.DoneAs == b.DoneAs
            && a.EverUnknown == b.EverUnknown && a.Abandoned == b.Abandoned && a.Due == b.Due && a.Failure?.Code == b.Failure?.Code && Same(a.Input, b.Input) && Same(a.Result, b.Result)
            && a.EndedIn == b.EndedIn && a.MessageId == b.MessageId);

    private static bool Same(StackEntry a, StackEntry b) =>
        ReferenceEquals(a, b)
        || (a.Visit == b.Visit && a.Name == b.Name && a.Generation == b.Generation && a.IntendedAt == b.IntendedAt && a.UndoAttempt == b.UndoAttempt && a.UndoRunning == b.UndoRunning
            && a.UndoSpent == b.UndoSpent && a.UndoDue == b.UndoDue);

    private static bool Same(IReadOnlyList<BufferedSignal> a, IReadOnlyList<BufferedSignal> b)
    {
        if (a.Count != b.Count) return false;
        for (var i = 0; i < a.Count; i++)
            if (a[i].Name != b[i].Name || a[i].MessageId != b[i].MessageId) return false;
        return true;
    }

    private static bool Same<TKey, TValue>(OrderedMap<TKey, TValue> a, OrderedMap<TKey, TValue> b, Func<TValue, TValue, bool> same) where TKey : notnull, IComparable<TKey>
    {
        if (ReferenceEquals(a, b)) return true;
        if (a.Count != b.Count) return false;
        using var others = b.GetEnumerator();
        foreach (var (key, value) in a)
            if (!others.MoveNext() || !key.Equals(others.Current.Key) || !same(value, others.Current.Value)) return false;
        return true;
    }
}
