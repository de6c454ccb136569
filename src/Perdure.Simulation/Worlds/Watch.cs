using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Oracles;

namespace Perdure.Simulation.Worlds;

/// <summary>Watches a run: replays what becomes durable on its own, and shows it to every oracle. The first violation ends the run.</summary>
internal sealed class Watch
{
    private readonly World _world;
    private readonly Oracle[] _oracles;
    private readonly IReadOnlyList<(string Name, Action<SimulatedWorld> Check)> _invariants;
    private readonly SimulatedWorld _seen;
    private readonly Dictionary<InstanceId, Instance> _instances = [];
    private int _open;

    public Watch(World world, IReadOnlyList<(string Name, Action<SimulatedWorld> Check)> invariants)
    {
        (_world, _invariants, _seen) = (world, invariants, new(world));
        _oracles = [new EffectsOnce(world), new StartsLast(world), new TransitionsDeclared(world), new EpochsGrow(world), new ReplayIsLive(world), new SagasUndo(world),
            new TimersNotEarly(world), new PagesOnce(world), new SignalsOnce(world), new CommandsLast(world), new EverythingEnds(world), new NothingLeaks(world), new ChainsHold(world)];
        world.Database.BecameDurable = Durable;
        world.Ledger.Added = Effect;
    }

    /// <summary>The first promise that did not hold.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>How many events have become durable.</summary>
    public long Events { get; private set; }

    /// <summary>Whether every instance has ended.</summary>
    public bool IsQuiet => _open == 0;

    /// <summary>Every instance as an independent replay has it.</summary>
    public IReadOnlyDictionary<InstanceId, Instance> Instances => _instances;

    public void Report(Violation violation) => Violation ??= violation;

    public void Started(StartRequest request, StartAnswer.Accepted answer)
    {
        foreach (var oracle in _oracles) oracle.Started(request, answer);
    }

    public void Sent(InstanceId instance, string message)
    {
        foreach (var oracle in _oracles) oracle.Sent(instance, message);
    }

    public void Commanded(string what, InstanceId instance)
    {
        foreach (var oracle in _oracles) oracle.Commanded(what, instance);
    }

    public void Look()
    {
        foreach (var oracle in _oracles) oracle.Look();
    }

    public void End()
    {
        foreach (var oracle in _oracles) oracle.End();
        Check();
        if (Violation is { } violation) throw violation;
    }

    private void Durable(Batch batch, IReadOnlyList<ItemAnswer> answers)
    {
        for (var i = 0; i < answers.Count; i++)
        {
            if (answers[i] is not ItemAnswer.Committed) continue;
            var item = batch.Items[i];
            var record = new Record(item.Instance, item.Version, item.At, EventCodec.Read(item.Body));
            var before = _instances.GetValueOrDefault(item.Instance);
            Instance after;
            try
            {
                after = Decider.Replay(before, record);
            }
            catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
            {
                Report(new("replay", $"Record {item.Version} of {item.Instance} cannot be replayed: {e.Message}"));
                return;
            }
            _instances[item.Instance] = after;
            Events += record.Events.Length;
            if (before is null) _open++;
            if (after.Ended && before is not { Ended: true }) _open--;
            _world.Trace?.Add("database", $"{item.Instance} {item.Version} {System.Text.Encoding.UTF8.GetString(item.Body.Span)}");
            var recorded = new Recorded(item, batch.Epoch, record, before, after);
            foreach (var oracle in _oracles) oracle.Durable(recorded);
        }
        Check();
    }

    private void Effect(LedgerEntry entry)
    {
        _world.Trace?.Add("outside", $"{(entry.IsUndo ? "undone" : "done")} {entry.Token}");
        foreach (var oracle in _oracles) oracle.Effect(entry);
        Check();
    }

    private void Check()
    {
        foreach (var (name, check) in _invariants)
        {
            if (Violation is not null) return;
            try
            {
                check(_seen);
            }
            catch (Violation violation)
            {
                Report(new(name, violation.Seen));
            }
            catch (Exception e)
            {
                Report(new(name, e.Message));
            }
        }
    }
}
