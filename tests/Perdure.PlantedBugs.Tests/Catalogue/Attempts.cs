namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>Tokens, outcomes and retries.</summary>
    private static IEnumerable<Bug> Attempts =>
    [
        Planted("token-changes-on-retry", "An attempt after an unknown outcome gets a token of its own.", Kernel + "Steps/Attempts.cs",
            "int? next = entry.MayHaveHappened(failure) ? null : turn.Instance.Intents + 1;", "int? next = turn.Instance.Intents + 1;"),
        Planted("token-kept-after-a-definite-answer", "An attempt after a definite failure comes under the same token, whose answer is that failure for ever.", Kernel + "Steps/Attempts.cs",
            "int? next = entry.MayHaveHappened(failure) ? null : turn.Instance.Intents + 1;", "int? next = null;"),
        Planted("conclusive-answer-not-heeded", "After an unknown outcome the token stays, although its answer says for ever that nothing happened.", Kernel + "Steps/Entry.cs",
            "failure.Unknown || (EverUnknown && !failure.Conclusive)", "failure.Unknown || EverUnknown"),
        Planted("token-without-its-visit", "A token does not say in which visit.", Kernel + "Steps/Token.cs",
            "$\"{instance}.{visit}.{safe}.{generation}\"", "$\"{instance}.0.{safe}.{generation}\""),
        Planted("token-with-the-attempt", "A token counts attempts.", Kernel + "Steps/Attempts.cs",
            "new Effect.StartAttempt(entry.Ordinal, entry.Attempt, entry.Name, entry.Target, instance.TokenOf(entry), entry.Input!);", "new Effect.StartAttempt(entry.Ordinal, entry.Attempt, entry.Name, entry.Target, Token.For(instance.Id, instance.Visit, entry.Name, entry.Attempt), entry.Input!);"),
        Planted("at-most-once-tried-again", "An at-most-once operation of unknown outcome is tried again.", Kernel + "Steps/Attempts.cs",
            "(failure.Unknown || failure.Transient) && entry.MayHaveHappened(failure)", "failure is { Transient: true, Unknown: false } && entry.MayHaveHappened(failure)"),
        Planted("retries-never-end", "A retry counts its attempts from the wrong place and never ends.", Kernel + "Steps/Attempts.cs",
            "entry.Attempt - entry.Spent, entry.FirstAt, turn.At) is { } due)", "1, turn.At, turn.At) is { } due)"),
        Planted("lost-answer-is-a-failure", "A timeout is taken for a definite failure.", Runtime + "Attempts/LaneAttempts.cs",
            "{attempt.Step.Handle.Timeout}.\", Transient: true, Unknown: !attempt.Step.Handle.IsTransacted), null);", "{attempt.Step.Handle.Timeout}.\", Transient: true), null);"),
        Planted("unknown-is-a-failure", "An exception of which nobody knows is taken for a definite failure.", Runtime + "Attempts/RunningAttempt.cs",
            "_failure = Failures.OfAttempt(e);", "_failure = Failures.OfAttempt(e) with { Unknown = false };"),
        Planted("retry-timer-not-set", "An attempt that is to be tried again is not.", Kernel + "Steps/Attempts.cs",
            "        if (!turn.Instance.Halted) turn.Owe(new Effect.SetTimer(new(TimerKind.Retry, next ?? entry.Ordinal), due));\n", ""),
        Planted("retry-drops-successes", "An operator's retry discards what succeeded as well.", Kernel + "Incidents/Incidents.cs",
            "            if (entry is not { Status: EntryStatus.Failed, Failure: { } failure }) continue;\n", "            if (entry.Status is not (EntryStatus.Failed or EntryStatus.Succeeded)) continue;\n            var failure = entry.Failure ?? new(\"none\", \"\");\n"),
        Planted("incident-without-a-page", "An incident pages nobody.", Kernel + "Incidents/Incidents.cs",
            "        turn.Owe(new Effect.RaisePage(new($\"{instance.Id}/incident/{number}\"", "        if (number > 1) turn.Owe(new Effect.RaisePage(new($\"{instance.Id}/incident/{number}\""),
    ];
}
