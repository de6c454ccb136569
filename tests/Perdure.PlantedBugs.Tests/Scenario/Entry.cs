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
    public static (int Seeds, string? Oracle, string Seen) Run(ulong first, int seeds, Action<int> reached)
    {
        for (var i = 0; i < seeds; i++)
        {
            var report = World().Run(1, first + (ulong)i);
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
        .Replace<Look, Bell, Slip>(bell => new(bell.Door))
        .Replace<Charge, Payment, Slip>(payment => new($"paid {payment.Number}"))
        .Replace<Ring, Bell, Slip>(bell => new($"rang at the {bell.Door}"))
        .Replace<Ship, Bell, Slip>(bell => new(bell.Door))
        .Replace<Wrap, Bell, Slip>(bell => new(bell.Door))
        .Replace<Drive, Piece, Slip>(piece => new(piece.Slip))
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
        .Invariant("divergence", world => NobodyHides(world));

    // A body that asked differently the second time ends only after a person has accepted that.
    private static void NobodyHides(SimulatedWorld world)
    {
        foreach (var row in world.Instances)
        {
            if (row.Workflow != "careless" || row.State != "Done") continue;
            int? asked = null;
            var accepted = false;
            foreach (var @event in world.History(row.Id))
            {
                if (@event is StepIntended intended) asked = Turn(intended.Input);
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
