using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>
/// A step is tried as often as its policy says: more often only where a person asks for it, and less often only where its time is over, however often nodes come and go meanwhile. What has succeeded is not
/// asked for again in its visit.
/// </summary>
internal sealed class RetriesEnd(World world) : Oracle(world)
{
    private sealed class Visit
    {
        public readonly HashSet<string> Succeeded = new(StringComparer.Ordinal);

        /// <summary>How often each step was tried since it was asked for, or since a person had it tried again, and since when.</summary>
        public readonly Dictionary<string, (int Tries, DateTimeOffset Since)> Tried = new(StringComparer.Ordinal);
    }

    private readonly Dictionary<InstanceId, Visit> _visits = [];

    public override string Name => "retries";

    public override void Durable(Recorded recorded)
    {
        var (id, at) = (recorded.After.Id, recorded.Record.At);
        for (var i = 0; i < recorded.Instants.Length; i++)
        {
            var instance = recorded.Instants[i];
            switch (recorded.Record.Events[i])
            {
                case StepRetryScheduled again when instance?.Open(again.Ordinal) is { Kind: EntryKind.Step } entry && PolicyOf(entry.Target) is { } policy:
                    if (Try(entry) is var tries && tries >= policy.Attempts) Fail($"'{entry.Name}' of {id} was tried {tries} times of {policy.Attempts}, and is to be tried again.");
                    break;
                case StepFailed { Failure.Transient: true } failed when instance?.Open(failed.Ordinal) is { Kind: EntryKind.Step } entry && PolicyOf(entry.Target) is { } policy:
                    if (Try(entry) is var all && all < policy.Attempts && at - Of(id).Tried[entry.Name].Since < policy.Within - policy.Cap)
                        Fail($"'{entry.Name}' of {id} was tried {all} times of {policy.Attempts}, and is not tried again.");
                    break;
                case StepSucceeded done when instance?.Open(done.Ordinal) is { } entry:
                    Of(id).Succeeded.Add(entry.Name);
                    break;
                case StepIntended intended:
                    if (Of(id).Succeeded.Contains(intended.Name)) Fail($"'{intended.Name}' of {id} has succeeded in this visit, and is asked for again.");
                    Of(id).Tried[intended.Name] = (0, at);
                    break;
                case IncidentResolved:
                    foreach (var name in Of(id).Tried.Keys.ToList()) Of(id).Tried[name] = (0, at);
                    break;
                case Transitioned or VisitRestarted:
                    _visits.Remove(id);
                    break;
            }
        }

        int Try(Entry entry)
        {
            var (tries, since) = Of(id).Tried.GetValueOrDefault(entry.Name, (0, at));
            Of(id).Tried[entry.Name] = (tries + 1, since);
            return tries + 1;
        }
    }

    private Visit Of(InstanceId id) => _visits.TryGetValue(id, out var visit) ? visit : _visits[id] = new();

    private Retry? PolicyOf(string operation) => Carried(operation)?.Handle.Retry;
}
