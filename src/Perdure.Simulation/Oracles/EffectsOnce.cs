using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>No effect is applied twice for what was asked once; what is recorded as done was done; at most once parks.</summary>
internal sealed class EffectsOnce : Oracle
{
    public EffectsOnce(World world) : base(world) =>
        world.Ledger.Differs = (entry, first) => Fail($"{entry.Operation} was asked for under {entry.Token} with {entry.Input}, and before that with {first}.");

    private readonly Dictionary<string, string> _standing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _tokens = new(StringComparer.Ordinal);

    // Tokens under which something may be done: intents come before effects.
    private readonly HashSet<string> _intended = new(StringComparer.Ordinal);

    // Tokens under which something may have happened: an attempt was lost, or ended without an answer.
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

    // Tokens to which the downstream said for ever that nothing happened under them.
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    public override string Name => "effects";

    public override void Effect(LedgerEntry entry)
    {
        if (entry.IsUndo)
        {
            if (_standing.GetValueOrDefault(entry.Step) == entry.Token) _standing.Remove(entry.Step);
            return;
        }
        if (!_intended.Contains(entry.Token)) Fail($"{entry.Operation} was applied under {entry.Token}, and its intent is not durable.");
        if (_refused.Contains(entry.Token)) Fail($"{entry.Operation} was applied under {entry.Token}, of which its answer had said that nothing happened or would: it was not conclusive.");
        if (!_tokens.Add(entry.Token)) Fail($"{entry.Operation} was applied twice under {entry.Token}.");
        // What has no effect is asked again by a visit that begins anew.
        if (Carried(entry.Operation) is { Handle.IsQuery: true }) return;
        if (_standing.TryGetValue(entry.Step, out var other)) Fail($"{entry.Operation} was applied under {entry.Token} while its effect under {other} stands.");
        _standing[entry.Step] = entry.Token;
    }

    public override void Durable(Recorded recorded)
    {
        for (var i = 0; i < recorded.Instants.Length; i++)
        {
            var (instance, @event) = (recorded.Instants[i], recorded.Record.Events[i]);
            if (instance is not null) Answered(instance, @event);
            switch (@event)
            {
                case StepIntended intended:
                    _intended.Add(Token.For(recorded.After.Id, instance!.Visit, intended.Name, intended.Generation));
                    break;
                case StepRetryScheduled { NextOrdinal: not null } next when instance!.Open(next.Ordinal) is { } before:
                    _intended.Add(Token.For(recorded.After.Id, instance.Visit, before.Name, before.Generation + 1));
                    break;
                case StepSucceeded done when instance!.Open(done.Ordinal) is { } entry:
                    if (instance.TokenOf(entry) is var token && !_tokens.Contains(token)) Fail($"{token} is recorded as done, and was never done.");
                    break;
                // Only after a person has consented does it wait to be tried again.
                case StepRetried { Attempt: var attempt } retried when instance!.Open(retried.Ordinal) is { AtMostOnce: true, EverUnknown: true, Status: not EntryStatus.Retrying } parked:
                    Fail($"'{parked.Name}' of {instance.Id} must not be started twice, and its attempt {attempt} was.");
                    break;
                case StepRetryScheduled { NextOrdinal: null } again when instance!.Open(again.Ordinal) is { AtMostOnce: true } once && (once.EverUnknown || again.Failure.Unknown):
                    Fail($"'{once.Name}' of {instance.Id} must not be started twice, and is to be tried again.");
                    break;
                case Recovered:
                    foreach (var (_, name) in instance!.Outstanding)
                        if (instance.Journal[name] is { Kind: EntryKind.Step, AtMostOnce: true, Status: EntryStatus.Running }) Fail($"'{name}' of {instance.Id} must not be started twice, and is after a recovery.");
                    break;
            }
        }
    }

    // The token stays while any attempt under it may have happened; a definite answer belongs to it for ever, so that the next attempt needs another.
    private void Answered(Instance instance, Event @event)
    {
        switch (@event)
        {
            case StepRetryScheduled e when instance.Open(e.Ordinal) is { } entry && instance.TokenOf(entry) is var token:
                var maybe = e.Failure.Unknown || (_unknown.Contains(token) && !e.Failure.Conclusive);
                if (e.Failure.Unknown) _unknown.Add(token);
                else Conclude(token, e.Failure);
                if (maybe && e.NextOrdinal is not null) Fail($"What was asked for under {token} may have happened, and is to be tried again under another token.");
                if (!maybe && e.NextOrdinal is null) Fail($"{token} was answered by {e.Failure.Code}, and is to be tried again under the same token.");
                break;
            case StepFailed e when instance.Open(e.Ordinal) is { } entry:
                if (e.Failure.Unknown) _unknown.Add(instance.TokenOf(entry));
                else Conclude(instance.TokenOf(entry), e.Failure);
                break;
            case StepParked e when instance.Open(e.Ordinal) is { } entry:
                _unknown.Add(instance.TokenOf(entry));
                break;
            case Recovered:
                foreach (var (_, name) in instance.Outstanding)
                    if (instance.Journal[name] is { Kind: EntryKind.Step, Status: EntryStatus.Running } lost) _unknown.Add(instance.TokenOf(lost));
                break;
        }
    }

    // A conclusive answer of an operation is held against the world outside: before it and after.
    private void Conclude(string token, Failure failure)
    {
        if (!failure.Conclusive) return;
        if (World.Ledger.Stands(token)) Fail($"{token} was answered by {failure.Code} as if nothing had happened under it, and its effect stands: it was not conclusive.");
        _refused.Add(token);
    }
}
