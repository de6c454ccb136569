using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A node dies, or hands its lanes over, before or after each write of a family over two databases, one moment after the other: the next one goes on, and everything has happened once.</summary>
public sealed class FamiliesSurviveTests(ITestOutputHelper output) : FamilyTest
{
    private const int Most = 60;

    // In whatever order they come from the lanes: which write a number meets may differ from run to run, and all are met.
    private sealed class Moments(int last)
    {
        private int _seen;
        public string? Last { get; private set; }
        public bool Dies(string what, bool done)
        {
            lock (this)
            {
                if (Last is not null || ++_seen != last) return false;
                Last = $"{(done ? "after" : "before")} {what}";
                return true;
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
        List<string> met = [];
        for (var i = 0; i < Most; i++)
        {
            var (number, key) = Family(i);
            var moments = new Moments(i + 1);
            MortalStore? store = null;
            var mortal = await ShardedNode.Open(Two, Quick, inner => store = new MortalStore(inner, moments.Dies, dies));
            var life = Life(mortal, number, key, cancelled);
            var isMet = await Task.WhenAny(life, store!.Met) != life;
            if (!isMet) parents.Add(await life);
            // Another is there already where the lanes are handed over.
            var next = isMet && !dies ? await ShardedNode.Open(Two, Quick) : null;
            if (dies) await mortal.Kill();
            else await mortal.DisposeAsync();
            if (!isMet) break;
            met.Add(moments.Last!);

            next ??= await ShardedNode.Open(Two, Quick);
            var parent = await Life(next, number, key, cancelled);
            parents.Add(parent);
            var row = (await next.Store.Load(parent, Now))!.Row;
            Assert.Equal((moments.Last, cancelled ? "CANCELLED" : "DONE"), (moments.Last, row.State));
            Assert.Equal((moments.Last, 1), (moments.Last, (await next.Store.Records(parent, 1, 100, Now)).SelectMany(r => EventCodec.Read(r.Body.Span)).Count(e => e is ChildEnded)));
            await next.Stop();
            await next.DisposeAsync();
        }
        output.WriteLine(string.Join(Environment.NewLine, met.Select((m, i) => $"{i + 1}: {m}")));
        Assert.True(met.Count < Most);
        Assert.Equal(parents.Count, parents.Distinct().Count());
        var counts = Places[..2].Select(place =>
        {
            using var shell = place.Shell();
            return shell.One<long>("SELECT count(*) FROM instance");
        });
        // One parent each in the one, one child each in the other.
        Assert.Equal([parents.Count, parents.Count], counts);
        foreach (var moment in new[] { "before post starts", "after post starts", "before post ends", "after post ends", "before errand ends", "after errand ends", "before forget", "after forget" }) Assert.Contains(moment, met);
    }

    /// <summary>The life of a family, each step of which may have been taken before.</summary>
    private async Task<InstanceId> Life(ShardedNode node, string number, string key, bool cancelled)
    {
        var parent = await Errand(node, number, key);
        var patience = ShardedNode.Patience();
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
