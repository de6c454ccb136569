using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>
/// An operation that must not happen twice is called once for what was asked for once, and again only after an operator has consented, once for each consent. Calls are counted where they reach the
/// world, since a downstream that knows tokens hides the second one.
/// </summary>
internal sealed class CalledOnce(World world) : Oracle(world)
{
    // By token: after a definite failure, of which nothing has happened, the next attempt comes under another.
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _consents = new(StringComparer.Ordinal);

    public override string Name => "at-most-once";

    public override void Called(LedgerEntry entry)
    {
        var calls = _calls[entry.Token] = _calls.GetValueOrDefault(entry.Token) + 1;
        var consents = _consents.GetValueOrDefault(entry.Token);
        if (calls > 1 + consents) Fail($"{entry.Operation} must not happen twice, and was called {calls} times under {entry.Token}; operators have consented to {1 + consents}.");
    }

    public override void Durable(Recorded recorded)
    {
        for (var i = 0; i < recorded.Instants.Length; i++)
        {
            // One that begins the visit anew asks for it under another token.
            if (recorded.Record.Events[i] is not IncidentResolved { Mode: RetryMode.Again } || recorded.Instants[i] is not { Incident: { } incident } instance) continue;
            if (instance.Open(incident.Ordinal) is { Status: EntryStatus.Parked } parked) Consent(instance, parked);
            else if (incident.Ordinal == 0)
                foreach (var (_, entry) in instance.Journal)
                    if (entry is { Status: EntryStatus.Failed, EverUnknown: true }) Consent(instance, entry);
        }
    }

    private void Consent(Instance instance, Entry entry)
    {
        if (entry is not { Kind: EntryKind.Step, AtMostOnce: true }) return;
        var token = instance.TokenOf(entry);
        _consents[token] = _consents.GetValueOrDefault(token) + 1;
    }
}
