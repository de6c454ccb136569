using System.Collections.Immutable;
using CsCheck;

namespace Perdure.Kernel.Tests;

/// <summary>Random maps: any edges, gates, deadlines, settling states, several ends.</summary>
internal static class Maps
{
    public static Gen<MapDefinition> Any { get; } = Gen.UInt.Select(Make);

    /// <summary>A case: a map, and a number for each command.</summary>
    public static Gen<(MapDefinition Map, uint[] Script)> Cases { get; } = Gen.Select(Any, Gen.UInt.Array[1, 70]);

    private static MapDefinition Make(uint seed)
    {
        var dice = new Dice(seed);
        var inner = 1 + dice.Below(4);
        var names = new List<string> { "Start" };
        for (var i = 0; i < inner; i++) names.Add($"S{i}");
        string[] ends = ["DONE", "REJECTED", "REVOKED"];
        string[] all = [.. names, .. ends];
        var states = new List<StateDefinition>();
        foreach (var name in names)
        {
            var to = all.Where(t => t != "Start" && dice.OneIn(2)).Append(dice.Of(ends)).Distinct().ToImmutableArray();
            var gate = name != "Start" && dice.OneIn(4);
            states.Add(new(name, name == "Start" ? StateKind.Start : gate ? StateKind.Gate : StateKind.State, to, "s1")
            {
                Role = gate ? "officer" : null,
                Within = dice.OneIn(2) ? TimeSpan.FromSeconds(1 + dice.Below(20)) : null,
                Page = Severity.High,
                ClockStops = dice.OneIn(2),
                Settles = name != "Start" && dice.OneIn(6),
            });
        }
        foreach (var end in ends) states.Add(new(end, end == "REVOKED" ? StateKind.Revoked : StateKind.End, [], "s1"));
        return new("random", 1, [.. states], dice.OneIn(2) ? "REVOKED" : null);
    }
}
