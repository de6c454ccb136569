namespace Perdure.Kernel;

/// <summary>How a body asks for things. The journal is keyed by name: what is there already is not asked for again.</summary>
internal static class Intents
{
    public static void Take(Turn turn, Command.Intend command)
    {
        if (!turn.Instance.Heeds(command.Visit)) return;
        if (!Fits(turn, command, out var added)) return;
        if (added == 0) return;
        if (turn.Instance.Journal.Count + added > turn.Limits.JournalEntries)
        {
            Incidents.Raise(turn, new(FailureCode.JournalFull, $"A visit's journal holds {turn.Limits.JournalEntries} entries; '{turn.Instance.State}' asks for more."), 0);
            return;
        }
        foreach (var intent in command.Intents)
            if (!turn.Instance.Journal.ContainsKey(intent.Name)) Add(turn, intent);
    }

    private static bool Fits(Turn turn, Command.Intend command, out int added)
    {
        added = 0;
        var journal = turn.Instance.Journal;
        var intents = command.Intents;
        Dictionary<string, Intent>? names = null;
        for (var i = 0; i < intents.Length; i++)
        {
            var intent = intents[i];
            var (kind, target, payload) = Describe(intent);
            if (payload is not null && payload.Body.Length > turn.Limits.PayloadBytes)
            {
                turn.Refuse(RefusalCode.PayloadTooLarge, $"The input of '{intent.Name}' has {payload.Body.Length} bytes; {turn.Limits.PayloadBytes} are allowed.");
                return false;
            }
            if (journal.TryGetValue(intent.Name, out var entry))
            {
                if (entry.Kind == kind && entry.Target == target) continue;
                turn.Refuse(RefusalCode.NameTaken, $"'{intent.Name}' is already asked for in this visit as {entry.Kind} '{entry.Target}'.");
                return false;
            }
            if (intents.Length == 1) { added++; break; }
            names ??= new(StringComparer.Ordinal);
            if (names.TryAdd(intent.Name, intent)) { added++; continue; }
            var (firstKind, firstTarget, _) = Describe(names[intent.Name]);
            if (firstKind == kind && firstTarget == target) continue;
            turn.Refuse(RefusalCode.NameTaken, $"'{intent.Name}' is asked for twice, as {firstKind} '{firstTarget}' and as {kind} '{target}'.");
            return false;
        }
        return true;
    }

    private static (EntryKind Kind, string Target, Payload? Payload) Describe(Intent intent) => intent switch
    {
        Intent.Step s => (EntryKind.Step, s.Operation, s.Input),
        Intent.Note n => (EntryKind.Note, "", n.Value),
        Intent.Sleep => (EntryKind.Sleep, "", null),
        Intent.Signal s => (EntryKind.Signal, s.SignalName, null),
        Intent.Child c => (EntryKind.Child, c.Workflow, c.Input),
        _ => throw new ArgumentOutOfRangeException(nameof(intent), intent.GetType().Name, "Not an intent."),
    };

    private static void Add(Turn turn, Intent intent)
    {
        var ordinal = turn.Instance.Intents + 1;
        switch (intent)
        {
            case Intent.Step step:
                var generation = turn.Instance.NextGeneration(step.Name);
                turn.Emit(new StepIntended(ordinal, step.Name, step.Operation, step.Input, generation, step.CanUndo, step.AtMostOnce));
                turn.Owe(new Effect.KeepToken(ordinal, turn.Instance.Visit, step.Name, generation, step.Operation, step.CanUndo) { IntendedAt = turn.Version });
                turn.Owe(Attempts.Start(turn.Instance, turn.Instance.Journal[step.Name]));
                break;
            case Intent.Note note:
                turn.Emit(new Noted(ordinal, note.Name, note.Value));
                break;
            case Intent.Sleep sleep:
                Timers.Sleep(turn, ordinal, sleep);
                break;
            case Intent.Signal signal:
                Messages.Await(turn, ordinal, signal);
                break;
            case Intent.Child child:
                turn.Emit(new ChildIntended(ordinal, child.Name, child.Workflow, child.Key, child.Input));
                turn.Owe(Children.Start(turn.Instance, turn.Instance.Journal[child.Name]));
                break;
        }
    }

    public static Instance Apply(Instance instance, StepIntended e, long version, DateTimeOffset at) => instance with
    {
        Journal = instance.Journal.Set(e.Name, new(e.Name, EntryKind.Step, e.Ordinal, e.Operation, e.Input, at)
        {
            Generation = e.Generation, CanUndo = e.CanUndo, AtMostOnce = e.AtMostOnce,
        }),
        Outstanding = instance.Outstanding.Set(e.Ordinal, e.Name),
        Stack = e.CanUndo
            ? instance.Stack.Set(e.Ordinal, new(e.Ordinal, instance.Visit, e.Name, e.Generation, e.Operation, version))
            : instance.Stack,
        Intents = e.Ordinal,
    };

    public static Instance Apply(Instance instance, Noted e, DateTimeOffset at) => instance with
    {
        Journal = instance.Journal.Set(e.Name, new(e.Name, EntryKind.Note, e.Ordinal, "", e.Value, at)
        {
            Status = EntryStatus.Succeeded, Result = e.Value, DoneAs = instance.Outcomes + 1,
        }),
        Outcomes = instance.Outcomes + 1,
        Intents = e.Ordinal,
    };

    /// <summary>The instance with an entry that awaits something.</summary>
    public static Instance Add(Instance instance, Entry entry) => instance with
    {
        Journal = instance.Journal.Set(entry.Name, entry),
        Outstanding = instance.Outstanding.Set(entry.Ordinal, entry.Name),
        Intents = entry.Ordinal,
    };
}
