using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Oracles;
using Perdure.Simulation.Reporting;

namespace Perdure.Simulation.Worlds;

/// <summary>Watches a run: replays what becomes durable on its own, and shows it to every oracle. The first violation ends the run.</summary>
internal sealed class Watch
{
    private readonly World _world;
    private readonly Oracle[] _oracles;
    private readonly IReadOnlyList<(string Name, Action<SimulatedWorld> Check)> _invariants;
    private readonly SimulatedWorld _seen;
    private readonly Dictionary<InstanceId, Instance> _instances = [];
    private readonly List<InstanceRow> _rows = [];
    private readonly Dictionary<InstanceId, int> _rowOf = [];
    private readonly List<InstanceId> _changed = [];
    private readonly int[,] _phases;
    private int _open;

    public Watch(World world, IReadOnlyList<(string Name, Action<SimulatedWorld> Check)> invariants)
    {
        (_world, _invariants, _seen) = (world, invariants, new(world));
        _phases = new int[world.Lanes, Enum.GetValues<Phase>().Length];
        _oracles = [new EffectsOnce(world), new StartsLast(world), new TransitionsDeclared(world), new EpochsGrow(world), new ReplayIsLive(world), new SagasUndo(world),
            new TimersNotEarly(world), new PagesOnce(world), new SignalsOnce(world), new CommandsLast(world), new EverythingEnds(world), new NothingLeaks(world), new ChainsHold(world), new RetriesEnd(world), new RefinesCalm(world),
            new CodeIsThere(world), new OneIsSure(world), new HandsOverInOrder(world), new CalledOnce(world)];
        world.Database.BecameDurable = Durable;
        world.Database.Opened = (lane, epoch) => { foreach (var oracle in _oracles) oracle.Opened(lane, epoch); };
        world.Database.WentOn = (lane, epoch) => { foreach (var oracle in _oracles) oracle.WentOn(lane, epoch); };
        world.Database.Released = (node, lane, epoch) => { foreach (var oracle in _oracles) oracle.Released(node, lane, epoch); };
        world.Database.Given = (lane, epoch) => { foreach (var oracle in _oracles) oracle.Given(lane, epoch); };
        world.Ledger.Added = Effect;
        world.Ledger.Called = entry => { foreach (var oracle in _oracles) oracle.Called(entry); };
    }

    /// <summary>The first promise that did not hold.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>How many events have become durable.</summary>
    public long Events { get; private set; }

    /// <summary>How many instances took the same course without faults, and why others could not be compared.</summary>
    public (int Compared, List<string> Incomparable) Refinement { get; private set; } = (0, []);

    /// <summary>Whether every instance has ended.</summary>
    public bool IsQuiet => _open == 0;

    /// <summary>Whether every instance has ended, waits for an operator, or waits for a message without an end.</summary>
    public bool IsStuck => _instances.Values.All(i => i.Ended || i.Incident is not null
        || (i is { Status: Status.Waiting, AtGate: false } && _world.Database.Tables.Find(i.Id) is { Timers.Count: 0 }));

    /// <summary>Every instance as an independent replay has it.</summary>
    public IReadOnlyDictionary<InstanceId, Instance> Instances => _instances;

    /// <summary>Every instance as it is durable, in the order in which they started.</summary>
    public IReadOnlyList<InstanceRow> Rows => _rows;

    /// <summary>Those of which something has become durable, or took effect outside, since the invariants were checked last.</summary>
    public IEnumerable<InstanceRow> Changed
    {
        get
        {
            foreach (var id in _changed)
                if (_rowOf.TryGetValue(id, out var row)) yield return _rows[row];
        }
    }

    public void Report(Violation violation)
    {
        if (Violation is not null) return;
        Violation = violation;
        _world.Timeline?.Add(new(_world.Schedule.Now, LaneOf.World, "violation", violation.Message, Bad: true));
    }

    /// <summary>Where an instance stands: its workflow, its state and the last step that it asked for.</summary>
    public string Describe(InstanceId id)
    {
        if (!_instances.TryGetValue(id, out var instance)) return $"{id}";
        var last = "none";
        var ordinal = -1;
        foreach (var (name, entry) in instance.Journal)
            if (entry.Ordinal > ordinal) (last, ordinal) = (name, entry.Ordinal);
        return $"{id} of '{instance.Workflow}' in state '{instance.State}', last step '{last}'";
    }

    /// <summary>The instance in whose body the world's thread is, or else those of which something runs. Asked from outside of the world's thread.</summary>
    public string Running()
    {
        foreach (var node in _world.Nodes)
            foreach (var lane in node.Node.Lanes)
                if (lane.Stands() is { } stands) return $"It is in the body of {Describe(stands.Instance)}.";
        var running = _instances.Values.Where(i => i.Status is Status.Running or Status.Compensating).Take(5).Select(i => Describe(i.Id)).ToList();
        return running.Count == 0 ? "No instance runs." : $"What runs: {string.Join("; ", running)}.";
    }

    /// <summary>What an instance does.</summary>
    public Phase PhaseOf(InstanceId id) => _instances.TryGetValue(id, out var instance) ? PhaseOf(instance) : Phase.Running;

    /// <summary>What the instances of a place, or of all places, do.</summary>
    public IEnumerable<Phase> Phases(int? place)
    {
        var any = false;
        foreach (var phase in Enum.GetValues<Phase>())
        {
            var here = 0;
            for (var lane = 0; lane < _world.Lanes; lane++)
                if (place is null || _world.OwnerOf(lane) == place) here += _phases[lane, (int)phase];
            if (here == 0) continue;
            any |= phase != Phase.Ended;
            yield return phase;
        }
        if (!any) yield return Phase.Idle;
    }

    private static Phase PhaseOf(Instance instance) =>
        instance.Ended ? Phase.Ended : instance.Compensating ? Phase.Compensating : instance is { AtGate: true, Decided: null } ? Phase.AtGate : Phase.Running;

    public void Started(StartRequest request, StartAnswer.Accepted answer)
    {
        _world.Timeline?.Add(new(_world.Schedule.Now, LaneOf.World, "clients", $"{request.Key} is {answer.Instance}", Bad: false));
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

    /// <summary>Somebody asks for what is in the log once it is answered as done, now or before.</summary>
    public void Told(Task<CommandAnswer> answered, string what, InstanceId instance) => answered.ContinueWith(answer =>
    {
        if (answer is { IsCompletedSuccessfully: true, Result: CommandAnswer.Done }) Commanded(what, instance);
    }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    public void Paged(StoredPage page)
    {
        _world.Trace?.Add("outside", $"paged {page.Page.Key}");
        _world.Timeline?.Add(new(_world.Schedule.Now, LaneOf.World, "pager", $"{page.Page.Key}: {page.Page.Code}", Bad: false));
        foreach (var oracle in _oracles) oracle.Paged(page);
    }

    public void Refined(string? incomparable)
    {
        if (incomparable is null) Refinement = Refinement with { Compared = Refinement.Compared + 1 };
        else Refinement.Incomparable.Add(incomparable);
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

    public void Stopped()
    {
        foreach (var oracle in _oracles) oracle.Stopped();
        if (Violation is { } violation) throw violation;
    }

    private void Durable(Batch batch, IReadOnlyList<ItemAnswer> answers)
    {
        _world.Options.Durable?.Invoke(batch);
        for (var i = 0; i < answers.Count; i++)
        {
            if (answers[i] is ItemAnswer.Skipped && !batch.Items.Take(i).Where((other, at) => other.Instance == batch.Items[i].Instance && answers[at] is not ItemAnswer.Committed).Any())
                Report(new("batches", $"Nothing speaks against record {batch.Items[i].Version} of {batch.Items[i].Instance}, and it was not written with its batch."));
            if (answers[i] is not ItemAnswer.Committed) continue;
            var item = batch.Items[i];
            var record = new Record(item.Instance, item.Version, item.At, EventCodec.Read(item.Body));
            var before = _instances.GetValueOrDefault(item.Instance);
            Instance after;
            var instants = new Instance?[record.Events.Length];
            try
            {
                after = Replay(before, record, instants);
            }
            catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
            {
                Report(new("replay", $"Record {item.Version} of {item.Instance} cannot be replayed: {e.Message}"));
                return;
            }
            if (before is not null) _phases[_world.LaneNumber(item.Instance), (int)PhaseOf(before)]--;
            _phases[_world.LaneNumber(item.Instance), (int)PhaseOf(after)]++;
            if (_world.OwnerOf(_world.LaneNumber(item.Instance)) is { } owner) _world.Nemesis.Seen(owner, PhaseOf(after));
            _instances[item.Instance] = after;
            Show(item, before, after);
            Events += record.Events.Length;
            if (before is null) _open++;
            if (after.Ended && before is not { Ended: true }) _open--;
            foreach (var @event in record.Events)
            {
                _world.Timeline?.Add(new(_world.Schedule.Now, LaneOf.Instance, $"{item.Instance}", Timeline.Words(@event), @event is IncidentRaised or DeadlineBreached));
                if (@event is IncidentRaised { Failure: { Code: "replay.escaped" or "body.stalled" } left }) _world.Escaped(item.Instance, $"{left.Message} ({left.Code})");
            }
            if (_world.Options.Choices is { } choices && after is { AtGate: true, Decided: null } && (before is null || before.Visit != after.Visit)) choices.Decide(_world, after);
            _world.Options.Calm?.Durable(record);
            _world.Redelivery?.Durable(record);
            _world.Trace?.Add("database", $"{item.Instance} {item.Version} {System.Text.Encoding.UTF8.GetString(item.Body.Span)}");
            var recorded = new Recorded(item, batch.Epoch, record, instants, after);
            foreach (var oracle in _oracles) oracle.Durable(recorded);
        }
        Check();
    }

    // As the kernel replays a record, keeping what the instance was before each event.
    private static Instance Replay(Instance? instance, Record record, Instance?[] instants)
    {
        if (record.Version != (instance?.Version ?? 0) + 1) throw new InvalidOperationException($"It follows record {instance?.Version ?? 0}.");
        for (var i = 0; i < instants.Length; i++)
        {
            instants[i] = instance;
            instance = Decider.Evolve(instance, record.Events[i], record.Version, record.At);
        }
        return instants.Length > 0 ? instance! : throw new InvalidOperationException("It has no event.");
    }

    private void Show(Item item, Instance? before, Instance after)
    {
        Touch(after.Id);
        if (before is null)
        {
            _rowOf.Add(after.Id, _rows.Count);
            _rows.Add(new(after.Id, after.Namespace, after.Workflow, after.WorkflowVersion, after.RequestKey, after.BusinessKey, after.State, after.Status, after.Visit, item.At, item.At,
                item.Start!.Salt, after.Priority));
        }
        else if (after.Visit != before.Visit || after.Status != before.Status)
            _rows[_rowOf[after.Id]] = _rows[_rowOf[after.Id]] with { State = after.State, Status = after.Status, Visit = after.Visit, UpdatedAt = item.At };
    }

    // Between two checks only a few change.
    private void Touch(InstanceId id)
    {
        if (!_changed.Contains(id)) _changed.Add(id);
    }

    private void Effect(LedgerEntry entry)
    {
        Touch(entry.Instance);
        _world.Trace?.Add("outside", $"{(entry.IsUndo ? "undone" : "done")} {entry.Token}");
        _world.Timeline?.Add(new(_world.Schedule.Now, LaneOf.Instance, $"{entry.Instance}", $"⇒ {entry.Operation} {(entry.IsUndo ? "undone" : "done")} outside", Bad: false));
        foreach (var oracle in _oracles) oracle.Effect(entry);
        Check();
    }

    private void Check()
    {
        for (var i = 0; i < _invariants.Count; i++)
        {
            if (Violation is not null) return;
            var (name, check) = _invariants[i];
            try
            {
                check(_seen);
            }
            catch (Violation violation)
            {
                Report(new(name, violation.Seen) { IsInvariant = true });
            }
            catch (Exception e)
            {
                Report(new(name, e.Message) { IsInvariant = true });
            }
        }
        _changed.Clear();
    }
}
