using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>No effect is applied twice for what was asked once; what is recorded as done was done; at most once parks.</summary>
internal sealed class EffectsOnce(World world) : Oracle(world)
{
    private readonly Dictionary<string, string> _standing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _tokens = new(StringComparer.Ordinal);

    public override string Name => "effects";

    public override void Effect(LedgerEntry entry)
    {
        if (entry.IsUndo)
        {
            if (_standing.GetValueOrDefault(entry.Step) == entry.Token) _standing.Remove(entry.Step);
            return;
        }
        if (!_tokens.Add(entry.Token)) Fail($"{entry.Operation} was applied twice under {entry.Token}.");
        if (_standing.TryGetValue(entry.Step, out var other)) Fail($"{entry.Operation} was applied under {entry.Token} while its effect under {other} stands.");
        _standing[entry.Step] = entry.Token;
    }

    public override void Durable(Recorded recorded)
    {
        foreach (var @event in recorded.Record.Events)
        {
            switch (@event)
            {
                case StepSucceeded done:
                    var entry = recorded.Before!.Open(done.Ordinal) ?? recorded.After.Journal.Values.FirstOrDefault(e => e.Ordinal == done.Ordinal);
                    if (entry is not null && recorded.Before.TokenOf(entry) is var token && !_tokens.Contains(token)) Fail($"{token} is recorded as done, and was never done.");
                    break;
                case StepRetried { Attempt: var attempt } retried when recorded.Before!.Open(retried.Ordinal) is { AtMostOnce: true, EverUnknown: true, Status: not EntryStatus.Retrying } parked:
                    Fail($"'{parked.Name}' of {recorded.After.Id} must not be started twice, and its attempt {attempt} was.");
                    break;
            }
        }
    }
}
