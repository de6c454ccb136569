namespace Perdure.Kernel;

/// <summary>How messages come in, each once, and meet who awaits them: oldest message, oldest wait first.</summary>
internal static class Messages
{
    public static void Take(Turn turn, Command.Send command)
    {
        var instance = turn.Instance;
        if (instance.Messages.Contains(command.MessageId)) return;
        var waiting = Waiting(instance, command.Signal);
        if (instance.Ended) turn.Refuse(RefusalCode.InstanceEnded, $"The instance ended in '{instance.State}'.");
        else if (command.Body.Body.Length > turn.Limits.PayloadBytes)
            turn.Refuse(RefusalCode.PayloadTooLarge, $"The signal has {command.Body.Body.Length} bytes; {turn.Limits.PayloadBytes} are allowed.");
        else if (instance.Messages.Count >= turn.Limits.Messages)
            turn.Refuse(RefusalCode.SignalTooMany, $"The instance took in {instance.Messages.Count} messages, and no more are allowed.");
        else if (waiting is null && instance.Signals.Count >= turn.Limits.WaitingSignals)
            turn.Refuse(RefusalCode.SignalBufferFull, $"{instance.Signals.Count} signals wait, and no more are allowed.");
        else
        {
            turn.Emit(new SignalReceived(command.Signal, command.MessageId, command.Body));
            turn.Owe(new Effect.KeepMessage(command.MessageId));
            if (waiting is not null) Consume(turn, waiting, command.MessageId);
        }
    }

    public static void Await(Turn turn, int ordinal, Intent.Signal intent)
    {
        var earlier = Waiting(turn.Instance, intent.SignalName);
        turn.Emit(new SignalAwaited(ordinal, intent.Name, intent.SignalName, Moment.After(turn.At, intent.Within)));
        var entry = turn.Instance.Journal[intent.Name];
        if (earlier is null)
        {
            foreach (var signal in turn.Instance.Signals)
            {
                if (signal.Name != intent.SignalName) continue;
                turn.Emit(new SignalConsumed(ordinal, signal.MessageId));
                return;
            }
        }
        if (entry.Due is { } due) turn.Owe(new Effect.SetTimer(new(TimerKind.Signal, ordinal), due));
    }

    private static Entry? Waiting(Instance instance, string signal)
    {
        // What is being left does not take messages any more.
        if (instance.Exit is not null) return null;
        foreach (var (_, name) in instance.Outstanding)
            if (instance.Journal[name] is { Kind: EntryKind.Signal } entry && entry.Target == signal) return entry;
        return null;
    }

    private static void Consume(Turn turn, Entry entry, string messageId)
    {
        if (entry.Due is not null) turn.Owe(new Effect.ClearTimer(new(TimerKind.Signal, entry.Ordinal)));
        turn.Emit(new SignalConsumed(entry.Ordinal, messageId));
    }

    public static Instance Apply(Instance instance, SignalAwaited e, DateTimeOffset at) =>
        Intents.Add(instance, new(e.Name, EntryKind.Signal, e.Ordinal, e.Signal, null, at) { Due = e.Due });

    public static Instance Apply(Instance instance, SignalReceived e) => instance with
    {
        Signals = instance.Signals.Add(new(e.Signal, e.MessageId, e.Body)),
        Messages = instance.Messages.Add(e.MessageId),
    };

    public static Instance Apply(Instance instance, SignalConsumed e)
    {
        var index = instance.Signals.FindIndex(s => s.MessageId == e.MessageId);
        if (index < 0) throw new InvalidOperationException($"The message '{e.MessageId}' does not wait in {instance.Id}.");
        return Attempts.Succeed(instance, Attempts.Find(instance, e.Ordinal) with { MessageId = e.MessageId }, instance.Signals[index].Body) with { Signals = instance.Signals.RemoveAt(index) };
    }

    public static Instance Apply(Instance instance, SignalTimedOut e) =>
        Attempts.Succeed(instance, Attempts.Find(instance, e.Ordinal), null);
}
