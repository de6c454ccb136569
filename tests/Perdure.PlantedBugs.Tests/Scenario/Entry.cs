using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Perdure;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation;

namespace Perdure.PlantedBugs.Scenario;

/// <summary>What is called by reflection.</summary>
public static class Entry
{
    /// <summary>Runs seeds until one fails: how many were run, which oracle failed and what it saw.</summary>
    public static (int Seeds, string? Oracle, string Seen) Run(ulong first, int seeds, bool shares, bool transacts, bool invariants, Action<int> reached)
    {
        var world = transacts ? Inside(shares) : World();
        if (shares && !transacts) world = world.SharesLanes(7);
        if (!invariants) world = world.WithoutInvariants();
        for (var i = 0; i < seeds; i++)
        {
            var report = world.Run(1, first + (ulong)i);
            if (report.Failed is { Violation: { } violation }) return (i + 1, violation.Oracle, $"Seed {first + (ulong)i}: {violation.Seen}");
            reached(i + 1);
        }
        return (seeds, null, "");
    }

    /// <summary>Everything that happens in one seed.</summary>
    public static IReadOnlyList<string> Traced(ulong seed) => World().Traced(seed);

    internal static Simulate World() => Simulate
        .Node(node => node.Workflow<Parcels>().Workflow<Couriers>().Workflow<Careless>(), services => services.AddSingleton<Turns>().Configure<PerdureOptions>(options => options.HotMax = 2))
        .Replace<Reserve, Order, Slip>(order => order.Customer == "nobody" ? throw new PermanentFailure("no-stock", "None.") : new($"slip of {order.Customer}"))
        .Replace<Pack, Piece, Slip>(piece => new($"{piece.Slip}/{piece.Number}"))
        .Replace<Look, Bell, Slip>(bell => bell.Door == "back" ? throw new PermanentFailure("locked", "Nobody there.") : new(bell.Door))
        .Replace<Charge, Payment, Slip>(payment => new($"paid {payment.Number}"))
        .Replace<Ring, Bell, Slip>(bell => new($"rang at the {bell.Door}"))
        .Replace<Ship, Bell, Slip>(bell => new(bell.Door))
        .Replace<Wrap, Bell, Slip>(bell => new(bell.Door))
        .Replace<Drive, Piece, Slip>(piece => new(piece.Slip))
        .Replace<Unlock, Errand, Slip>(errand => new($"{errand.Number}"))
        .Replace<Seal, Run, Slip>(run => new($"turn {run.Turn}"))
        .Replace<Stamp, Run, Slip>(run => new($"turn {run.Turn}"))
        .Starts("parcels", (dice, number) => new Order(dice.OneOf("Ada", "Grace", "nobody"), 1 + dice.Below(3)), count: 8, within: TimeSpan.FromSeconds(8))
        .Starts("careless", (_, number) => new Errand(number), count: 2, within: TimeSpan.FromSeconds(8))
        .Sends("parcels", (_, number) => new Payment(number), count: 3)
        .Interrupts(pauses: 0.2, cancels: 0.15)
        .Refines(2, except: "careless")
        .Nodes(3)
        .Bound(300_000)
        .QuietWithin(TimeSpan.FromMinutes(20))
        .FaultsFor(TimeSpan.FromSeconds(25))
        .Invariant("divergence", world => NobodyHides(world))
        .Invariant("incidents", world => NothingBreaks(world))
        .Invariant("losers", world => LosersAreGivenUp(world))
        .Invariant("liveness", world => EverythingIsOver(world)) with { MinimisingRuns = 0 };      // which oracle and which seed is enough

    /// <summary>Operations that run inside of the store's transactions.</summary>
    /// <param name="zombies">
    /// Whether nodes stand still while operations run, and wake up when others have their lanes: instances are paused, and hardly any message comes, so that a new owner leaves some as they were when the zombie
    /// ends their operations. Else ends often fail, and messages come while they are written.
    /// </param>
    internal static Simulate Inside(bool zombies) => Simulate
        .Node(node => node.Workflow<Bookings>(), services => services.Configure<PerdureOptions>(options => options.HotMax = 2))
        .Replace<Withdraw, Booking, Line>(b => new($"-{b.Amount}"), _ => { })
        .Replace<Deposit, Booking, Line>(b => b.Amount == 3 ? throw new PermanentFailure("account.closed", "No more.") : new($"+{b.Amount}"), _ => { })
        .Replace<Announce, Booking, Line>(b => new($"told {b.Amount}"))
        .Starts("bookings", (_, number) => new Booking($"b{number}", number % 5), count: 20, within: TimeSpan.FromSeconds(15))
        .Sends("bookings", (_, number) => new Word($"word {number}"), count: zombies ? 1 : 8)
        .Interrupts(pauses: zombies ? 1 : 0.5, cancels: 0.1)
        .Fault(FaultKind.OperationSlow, zombies ? 0.7 : 0.3)
        .Fault(FaultKind.NodePause, zombies ? 0.4 : 0.1)
        .Fault(FaultKind.SerializationFailure, zombies ? 0.01 : 0.1)
        .Nodes(3)
        .Bound(300_000)
        .QuietWithin(TimeSpan.FromMinutes(20))
        .FaultsFor(TimeSpan.FromSeconds(25))
        .Invariant("records", world => RowsComeWithTheirRecords(world))
        .Invariant("incidents", world => NothingBreaks(world))
        .Invariant("liveness", world => EverythingIsOver(world)) with { MinimisingRuns = 0 };

    // What an operation wrote in its transaction is there exactly where its record is.
    private static void RowsComeWithTheirRecords(SimulatedWorld world)
    {
        foreach (var row in world.Changed)
        {
            if (row.Status != Status.Ended) continue;
            var (rows, records) = (world.Ledger.Of(row.Id).Count(e => !e.IsUndo), world.History(row.Id).Count(e => e is StepSucceeded));
            if (rows != records) world.Fail($"{row.Id} has {rows} operations' rows and {records} records of them.");
        }
    }

    // People are called where an operation cannot get on, and for the careless; never because the engine has lost its way.
    private static void NothingBreaks(SimulatedWorld world)
    {
        foreach (var (page, instance, workflow, _, _, _, _, _) in world.Pages)
            if (page.Code is "store.refused" or "instance.broken" || (workflow != "careless" && page.Code.StartsWith("replay.", StringComparison.Ordinal)))
                world.Fail($"{instance} of {workflow} is an incident: {page.Summary}");
    }

    // Nothing in this world takes a quarter of an hour.
    private static void EverythingIsOver(SimulatedWorld world)
    {
        if (world.Now < Perdure.Simulation.Worlds.World.Begins + TimeSpan.FromMinutes(15)) return;
        foreach (var row in world.Instances)
            if (row.Status != Status.Ended) world.Fail($"{row.Id} of {row.Workflow} is still there, {row.Status} in {row.State}.");
    }

    // Once a race is decided, what lost it is given up, before anything that is asked for behind it comes to an end.
    private static void LosersAreGivenUp(SimulatedWorld world)
    {
        foreach (var row in world.Changed)
        {
            if (row.Workflow != "parcels" || row.Status != Status.Ended) continue;
            var (slept, paper, ship, loser) = (0, 0, 0, 0);
            HashSet<int> done = [];
            foreach (var @event in world.History(row.Id))
            {
                var ended = @event switch
                {
                    StepAbandoned e => e.Ordinal, StepCancelled e => e.Ordinal, SleepEnded e => e.Ordinal, StepSucceeded e => e.Ordinal, StepFailed e => e.Ordinal, StepRetryScheduled e => e.Ordinal, _ => 0,
                };
                if (ended != 0 && ended == ship && loser != 0) world.Fail($"{row.Id} has not given up {loser}, which has lost its race.");
                if (ended == loser) loser = 0;
                if (@event is StepRetryScheduled { NextOrdinal: { } next } && ended == paper) paper = next;
                else if (ended != 0) done.Add(ended);
                switch (@event)
                {
                    case Transitioned: (slept, paper, ship, loser) = (0, 0, 0, 0); break;
                    case SleepBegan e: slept = e.Ordinal; break;
                    case StepIntended { Name: "wrap[paper]" } e: paper = e.Ordinal; break;
                    case StepIntended { Name: "ship" } e: ship = e.Ordinal; break;
                    case Noted { Name: "patience" } e:
                        var lost = e.Value.Body.Span[0] == (byte)'0' ? paper : slept;
                        loser = done.Contains(lost) ? 0 : lost;
                        break;
                }
            }
        }
    }

    // A body that asked differently the second time ends only after a person has accepted that.
    private static void NobodyHides(SimulatedWorld world)
    {
        foreach (var row in world.Changed)
        {
            if (row.Workflow != "careless" || row.State != "Done") continue;
            int? asked = null;
            var accepted = false;
            foreach (var @event in world.History(row.Id))
            {
                if (@event is StepIntended { Name: "seal" or "stamp" } intended) asked = Turn(intended.Input);
                if (@event is IncidentResolved { Mode: RetryMode.Accept }) accepted = true;
                if (@event is Transitioned moved && asked is { } turn && !accepted && Turn(moved.Data) != turn)
                    world.Fail($"{row.Id} asked in turn {turn} and ended in turn {Turn(moved.Data)}, and nobody was told.");
            }
        }
    }

    private static int Turn(Payload payload)
    {
        using var document = JsonDocument.Parse(payload.Body);
        return document.RootElement.GetProperty("turn").GetInt32();
    }
}
