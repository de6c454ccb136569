namespace Perdure.Kernel;

/// <summary>
/// How a visit is begun anew, for an operator: what it asked for is given up and awaited, what it did or may have done is undone, and then its body runs from the beginning, under new tokens. So nothing of it
/// stands twice; where something could not be undone, it is refused.
/// </summary>
internal static class Restarts
{
    /// <summary>Why the visit cannot be begun anew; null where it can.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="queries">The journal names of what has no effect.</param>
    public static string? Against(Instance instance, IReadOnlyList<string> queries)
    {
        List<string> standing = [];
        foreach (var (name, entry) in instance.Journal)
            if (Stands(entry) && !queries.Contains(name)) standing.Add($"'{name}'");
        return standing.Count == 0 ? null
            : $"Visit {instance.Visit} cannot be begun anew: {string.Join(", ", standing)} was done, or may have been, and cannot be undone. Go on with the journal as it is (again, accept), or cancel the instance.";
    }

    // A child that has ended did what it did; one that has not is cancelled, and undoes it.
    private static bool Stands(Entry entry) => entry.Kind switch
    {
        EntryKind.Step => !entry.CanUndo && (entry.EverUnknown || entry.Status is EntryStatus.Succeeded or EntryStatus.Running),
        EntryKind.Child => entry.Status == EntryStatus.Succeeded,
        _ => false,
    };

    public static void Begin(Turn turn, Incident incident)
    {
        turn.Emit(new RestartBegan(turn.Instance.Visit) { DropsMessages = incident.Failure.Code == FailureCode.PayloadUnreadable });
        Exits.GiveUpAll(turn);
    }

    /// <summary>Nothing of the visit is outstanding, and what had to be undone is.</summary>
    public static void Go(Turn turn)
    {
        turn.Emit(new VisitRestarted(turn.Instance.Visit) { Build = turn.Map.Build });
        if (Pending.HasBody(turn.Map, turn.Instance)) turn.Owe(new Effect.RunBody(turn.Instance.Visit));
    }

    public static Instance Apply(Instance instance, RestartBegan e) => instance with { Exit = new(instance.State, null, Compensates: true) { Restarts = true, DropsMessages = e.DropsMessages } };

    public static Instance Apply(Instance instance, VisitRestarted e) => Forget(instance) with
    {
        Exit = null,
        Accepted = false,
        Build = e.Build ?? instance.Build,
        // What was consumed is there for the visit that begins anew, in the order in which it was; unless one of it is why.
        Signals = instance.Exit is { DropsMessages: true } ? instance.Signals : [.. Consumed(instance), .. instance.Signals],
    };

    private static IEnumerable<BufferedSignal> Consumed(Instance instance) => instance.Journal
        .Select(e => e.Value)
        .Where(e => e is { Kind: EntryKind.Signal, MessageId: not null, Result: not null })
        .OrderBy(e => e.DoneAs)
        .Select(e => new BufferedSignal(e.Target, e.MessageId!, e.Result!));

    /// <summary>The instance with an empty journal, and the generations that were used up.</summary>
    public static Instance Forget(Instance instance)
    {
        var generations = instance.Generations;
        foreach (var (name, entry) in instance.Journal) generations = generations.Set(name, entry.Generation);
        return instance with { Journal = OrderedMap<string, Entry>.Empty, Outstanding = OrderedMap<int, string>.Empty, Generations = generations };
    }
}
