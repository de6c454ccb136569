using System.Globalization;

namespace Perdure.Simulation.Tests;

/// <summary>At the end of a run every life of a node is stopped in order, so that it is seen what it still holds.</summary>
public sealed class NodesAreStopped
{
    // With one trip the node that is paused mostly has nothing to write, by which it would hear.
    private static Simulate Replaced { get; } = Simulate.Workflow<BookTrip>()
        .Replace<BookFlight, Trip, Booking>(_ => new("LH-42"))
        .Replace<BookHotel, Trip, Booking>(_ => new("room 7"))
        .Starts("book-trip", (_, number) => new Trip($"traveller {number}", "Oslo"), count: 1)
        .WithoutFaults().Nodes(4).At(TimeSpan.FromMilliseconds(500), FaultKind.NodePause, node: 0);

    [Fact]
    public void Also_one_that_was_paused_and_never_hears_that_another_has_its_place()
    {
        var ends = Enumerable.Range(1, 20).Select(seed => Replaced.Traced((ulong)seed)).Select(trace => (First: Closed(trace, "node-0.1"), Second: Closed(trace, "node-0.2"))).ToList();
        // One that hears of it is stopped at once, long before the others.
        Assert.Contains(ends, end => end.Second - end.First < 1_000);
    }

    private static double? Closed(IReadOnlyList<string> trace, string node) =>
        trace.FirstOrDefault(line => line.EndsWith($" {node}: close: answer", StringComparison.Ordinal)) is { } line ? double.Parse(line.AsSpan(0, line.IndexOf(' ')), CultureInfo.InvariantCulture) : null;
}
