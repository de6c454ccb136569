using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Messages are neither lost nor taken twice, are given to who awaits them, and are consumed in the order in which they came; also by a visit that begins anew.</summary>
internal sealed class SignalsOnce(World world) : Oracle(world)
{
    private readonly Dictionary<InstanceId, List<(string Signal, string Id)>> _waiting = [];
    private readonly HashSet<(InstanceId, string)> _received = [];

    // What each visit has consumed, which is there again where it begins anew.
    private readonly Dictionary<InstanceId, List<(string Signal, string Id)>> _consumed = [];

    public override string Name => "signals";

    private readonly Dictionary<(InstanceId, string), int> _numbers = [];

    private static int? Number(string message) =>
        message.LastIndexOf('/') is > 0 and var at && int.TryParse(message.AsSpan(at + 1), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    public override void Sent(InstanceId instance, string message)
    {
        if (!_received.Contains((instance, message))) Fail($"The message {message} to {instance} was acknowledged, and is not in its log.");
    }

    public override void Durable(Recorded recorded)
    {
        var id = recorded.Record.Instance;
        foreach (var @event in recorded.Record.Events)
        {
            switch (@event)
            {
                case SignalReceived e:
                    if (!_received.Add((id, e.MessageId))) Fail($"{id} took the message {e.MessageId} twice.");
                    if (Number(e.MessageId) is { } number)
                    {
                        // A sender of the world sends the next one once this one was answered.
                        if (number != _numbers.GetValueOrDefault((id, e.Signal)) + 1) Fail($"{id} took the message {e.MessageId} after number {_numbers.GetValueOrDefault((id, e.Signal))} of its sender.");
                        _numbers[(id, e.Signal)] = number;
                    }
                    (_waiting.TryGetValue(id, out var list) ? list : _waiting[id] = []).Add((e.Signal, e.MessageId));
                    break;
                case ChildEnded e:
                    if (!_received.Add((id, e.MessageId))) Fail($"{id} took the end of its child {e.MessageId} twice.");
                    break;
                case SignalConsumed e:
                    var waiting = _waiting.GetValueOrDefault(id) ?? [];
                    var index = waiting.FindIndex(m => m.Id == e.MessageId);
                    if (index < 0) Fail($"{id} consumed {e.MessageId}, which does not wait.");
                    else
                    {
                        if (waiting.FindIndex(m => m.Signal == waiting[index].Signal) != index) Fail($"{id} consumed {e.MessageId} before an older message of its name.");
                        (_consumed.TryGetValue(id, out var consumed) ? consumed : _consumed[id] = []).Add(waiting[index]);
                        waiting.RemoveAt(index);
                    }
                    break;
                case RestartBegan { DropsMessages: true } or Transitioned:
                    _consumed.Remove(id);
                    break;
                case VisitRestarted when _consumed.Remove(id, out var again):
                    (_waiting.TryGetValue(id, out var wait) ? wait : _waiting[id] = []).InsertRange(0, again);
                    break;
            }
        }
        if (recorded.After.Signals.IsEmpty && _waiting.GetValueOrDefault(id) is null or []) return;
        var kept = recorded.After.Signals.Select(s => s.MessageId);
        if (!recorded.After.Ended && !kept.SequenceEqual((_waiting.GetValueOrDefault(id) ?? []).Select(m => m.Id))) Fail($"{id} keeps other messages than those that came and were not consumed.");
        if (recorded.After is { Ended: false, Exit: null } open) Given(open);
    }

    // What waits and what is awaited have met in the record that brought the second of them.
    private void Given(Instance instance)
    {
        if (instance.Signals.IsEmpty) return;
        foreach (var (_, name) in instance.Outstanding)
            if (instance.Journal[name] is { Kind: EntryKind.Signal } entry && instance.Signals.Find(s => s.Name == entry.Target) is { } there)
                Fail($"{instance.Id} in {instance.State} awaits '{entry.Target}' with '{name}', and does not get the message {there.MessageId}, which is there.");
    }
}
