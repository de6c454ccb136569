using System.Diagnostics;
using Xunit.Sdk;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>How long lanes are nobody's, with the spans of time that a store has unless told otherwise. PERDURE_TAKEOVERS sets how often it is tried; the figures go to the test's output.</summary>
public sealed class TakeoverTimeTests(ITestOutputHelper output)
{
    private static int Times => int.TryParse(Environment.GetEnvironmentVariable("PERDURE_TAKEOVERS"), out var times) ? times : 3;

    [Fact]
    public async Task From_an_abrupt_death_to_the_last_lane_at_another_node_is_a_second_or_two()
    {
        await using var place = await Place();
        await using var survivor = await place.Join();
        await Measure("death", async () =>
        {
            var dies = await place.Join();
            await place.Even(survivor, dies);
            var before = survivor.Told.Count("gained after a death");
            var since = Stopwatch.GetTimestamp();
            await dies.DisposeAsync();
            await survivor.Told.Until(t => t.Count("gained after a death") == before + 6, "it has them all");
            return Stopwatch.GetElapsedTime(since);
        }, TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task From_a_hand_over_to_the_lane_at_the_other_node_is_a_part_of_a_second()
    {
        await using var place = await Place();
        await using var first = await place.Join();
        await using var second = await place.Join();
        await place.Even(first, second);
        var spans = new List<TimeSpan>();
        for (var time = 0; time < Times; time++)
        {
            var leaves = await place.Join();
            await place.Even(first, second, leaves);
            var gone = new long[12];
            leaves.Told.OnHandOver = lane => gone[lane] = Stopwatch.GetTimestamp();
            void Gained(Perdure.Ports.Ownership taken)
            {
                if (gone[taken.Lanes[0].Lane] is not 0 and var at) lock (spans) spans.Add(Stopwatch.GetElapsedTime(at));
            }
            (first.Told.OnGained, second.Told.OnGained) = (Gained, Gained);
            await leaves.Keeper.Close(CancellationToken.None);
            await place.Even(first, second);
            (first.Told.OnGained, second.Told.OnGained) = (_ => { }, _ => { });
        }
        Tell("hand-over", spans, TimeSpan.FromSeconds(2));
    }

    private static async Task<OwnershipPlace> Place()
    {
        var place = await OwnershipPlace.Make();
        (place.Lease, place.Tick) = (TimeSpan.FromSeconds(8), TimeSpan.FromMilliseconds(250));
        return place;
    }

    private async Task Measure(string what, Func<Task<TimeSpan>> once, TimeSpan most)
    {
        var spans = new List<TimeSpan>();
        for (var time = 0; time < Times; time++) spans.Add(await once());
        Tell(what, spans, most);
    }

    private void Tell(string what, List<TimeSpan> spans, TimeSpan most)
    {
        spans.Sort();
        output.WriteLine($"{what}: {spans.Count} times, p50 {spans[spans.Count / 2].TotalMilliseconds:0} ms, p99 {spans[(spans.Count * 99 - 1) / 100].TotalMilliseconds:0} ms, most {spans[^1].TotalMilliseconds:0} ms");
        Assert.True(spans[^1] < most, $"{what} took {spans[^1]}");
    }
}
