namespace Perdure.Kernel;

/// <summary>How an instance is restored from its last transition. What a transition does not carry, and rows do not hold, is never set across one.</summary>
internal static class Checkpoint
{
    public static Instance Restore(
        Started started, DateTimeOffset startedAt, Record checkpoint, IEnumerable<StackEntry> stack, IEnumerable<string> messages)
    {
        if (started.Id != checkpoint.Instance) throw new InvalidOperationException($"A record of {checkpoint.Instance} is not one of {started.Id}.");
        var last = checkpoint.Events.Length - 1;
        while (last >= 0 && checkpoint.Events[last] is not (Transitioned or Started)) last--;
        if (last < 0) throw new InvalidOperationException($"Record {checkpoint.Version} of {checkpoint.Instance} holds no transition.");

        var instance = Decider.Evolve(null, started, 1, startedAt);
        if (checkpoint.Events[last] is Transitioned transition) instance = Transitions.Apply(instance, transition, checkpoint.At);

        var standing = OrderedMap<int, StackEntry>.Empty;
        foreach (var entry in stack) standing = standing.Set(entry.Ordinal, entry);
        instance = instance with { Stack = standing, Messages = Instance.NoMessages.Union(messages) };

        for (var i = last + 1; i < checkpoint.Events.Length; i++) instance = Decider.Evolve(instance, checkpoint.Events[i], checkpoint.Version, checkpoint.At);
        instance.Version = checkpoint.Version;
        return instance;
    }
}
