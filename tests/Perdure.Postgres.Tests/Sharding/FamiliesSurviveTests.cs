using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A node dies, or hands its lanes over, before or after each write of a family over two databases, one moment after the other: the next one goes on, and everything has happened once.</summary>
public sealed class FamiliesSurviveTests(ITestOutputHelper output) : FamilyTest
{
    /// <summary>The moments of a life: before and after each of its writes. Which of two lanes writes first may differ from life to life, so each is known by what is written, and for which time.</summary>
    private sealed class Moments(string? last)
    {
        private readonly Dictionary<string, int> _seen = [];

        public List<string> All { get; } = [];

        public bool Meet(string what, bool done)
        {
            lock (this)
            {
                var moment = $"{(done ? "after" : "before")} {what}";
                var times = _seen[moment] = _seen.GetValueOrDefault(moment) + 1;
                All.Add($"{moment} #{times}");
                return All[^1] == last;
            }
        }
    }

    // The number of a family's own, and the start of its parent, whose homes are in different databases.
    private (string Number, string Key) Family(int i) => (Homed(1, "post", "n", i + 1, n => n)[i], "key-" + Homed(0, "errand", "p", i + 1)[i]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_node_that_dies_at_any_moment_leaves_a_family_that_goes_on(bool cancelled) => Lives(cancelled, dies: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_node_that_hands_its_lanes_over_at_any_moment_leaves_a_family_that_goes_on(bool cancelled) => Lives(cancelled, dies: false);

    private async Task Lives(bool cancelled, bool dies)
    {
        List<InstanceId> parents = [];
        HashSet<string> met = [];
        var whole = new Moments(null);
        await using (var node = await ShardedNode.Open(Two, Quick, inner => new MortalStore(inner, whole.Meet)))
        {
            var (number, key) = Family(0);
            parents.Add(await Life(node, number, key, cancelled));
        }
        foreach (var moment in whole.All)
        {
            var (number, key) = Family(parents.Count);
            MortalStore? store = null;
            var mortal = await ShardedNode.Open(Two, Quick, inner => store = new MortalStore(inner, new Moments(moment).Meet, dies));
            var life = Life(mortal, number, key, cancelled);
            if (await Task.WhenAny(life, store!.Met) != life) met.Add(moment);
            // Another is there already where the lanes are handed over.
            var next = dies ? null : await ShardedNode.Open(Two, Quick);
            if (dies) await mortal.Kill();
            else await mortal.DisposeAsync();
            await using var other = next ?? await ShardedNode.Open(Two, Quick);

            var parent = await Life(other, number, key, cancelled);
            parents.Add(parent);
            var row = (await other.Store.Load(parent, Now))!.Row;
            Assert.Equal((moment, cancelled ? "CANCELLED" : "DONE"), (moment, row.State));
            Assert.Equal((moment, 1), (moment, (await other.Store.Records(parent, 1, 100, Now)).SelectMany(r => EventCodec.Read(r.Body.Span)).Count(e => e is ChildEnded)));
        }
        output.WriteLine(string.Join(", ", whole.All.Select(m => met.Contains(m) ? m : $"({m})")));
        Assert.Equal(parents.Count, parents.Distinct().Count());
        var counts = Places[..2].Select(place =>
        {
            using var shell = place.Shell();
            return shell.One<long>("SELECT count(*) FROM instance");
        });
        // One parent each in the one, one child each in the other.
        Assert.Equal([parents.Count, parents.Count], counts);
        foreach (var moment in new[] { "before post starts", "after post starts", "before post ends", "after post ends", "before errand ends", "after errand ends", "before forget" }) Assert.Contains($"{moment} #1", met);
    }

    /// <summary>The life of a family, each step of which may have been taken before.</summary>
    private async Task<InstanceId> Life(ShardedNode node, string number, string key, bool cancelled)
    {
        var patience = ShardedNode.Patience();
        StartAnswer answer;
        // Lanes come and go under it: it asks again, under the same key.
        while ((answer = await node.Start(number, key, "errand")) is StartAnswer.Unavailable) patience.ThrowIfCancellationRequested();
        var parent = Assert.IsType<StartAnswer.Accepted>(answer).Instance;
        if ((await node.Store.Load(parent, patience))!.Row.Status != Status.Ended)
        {
            var child = await ChildOf(node, parent);
            if (cancelled) while (await node.Perdure.Cancel(parent, new("me", []), "enough", patience) is CommandAnswer.Unavailable) patience.ThrowIfCancellationRequested();
            else if (child.Status != Status.Ended) await node.StampIfThere(child.Id);
        }
        await node.Ended(parent);
        await NothingIsOwed();
        return parent;
    }
}
