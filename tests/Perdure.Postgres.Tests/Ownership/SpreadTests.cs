using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Who is to have which lane, as everybody works it out for itself.</summary>
public sealed class SpreadTests
{
    private static Member Well(int id) => new(id, true);

    private static LaneRow[] Owned(params int?[] owners) => [.. owners.Select((owner, lane) => new LaneRow(lane, 1, owner, null))];

    private static int?[] Plan(Member[] members, LaneRow[] lanes, params int[] alsoThere) =>
        Spread.Plan(members, lanes, id => members.Any(m => m.Id == id) || alsoThere.Contains(id));

    [Fact]
    public void Free_lanes_are_divided_evenly() =>
        Assert.Equal([4, 4, 4], Plan([Well(1), Well(2), Well(3)], Owned(new int?[12])).GroupBy(o => o).Select(g => g.Count()));

    [Fact]
    public void What_is_even_stays_as_it_is()
    {
        int?[] owners = [3, 1, 2, 3, 1, 2, 3];
        Assert.Equal(owners, Plan([Well(1), Well(2), Well(3)], Owned(owners)));
    }

    [Fact]
    public void One_that_joins_gets_from_those_that_have_most_and_no_more_than_its_share() =>
        Assert.Equal(2, Plan([Well(1), Well(2), Well(3)], Owned(1, 1, 1, 1, 2, 2, 2)).Count(o => o == 3));

    [Fact]
    public void One_that_is_not_well_keeps_what_it_has_and_is_given_nothing()
    {
        int?[] owners = [1, 1, 2, null, null, null];
        Assert.Equal([1, 1, 2, 1, 1, 1], Plan([Well(1), new(2, false)], Owned(owners)));
    }

    [Fact]
    public void A_lane_that_was_handed_over_to_one_is_left_for_it()
    {
        var lanes = Owned(1, 1, null, null);
        lanes[2] = lanes[2] with { WantedBy = 2 };
        Assert.Equal([1, 1, 2, 2], Plan([Well(1), Well(2)], lanes));
    }

    [Fact]
    public void One_that_leaves_gives_everything_to_the_others() =>
        Assert.Equal([2, 2, 3, 3], Plan([Well(2), Well(3)], Owned(1, 1, 1, 1), alsoThere: 1).Order());

    /// <summary>Nodes come and go and act on views of different ages, some of them unwell to some: once that ends, lanes are even after few moves, and then none is moved.</summary>
    [Fact]
    public void However_old_the_views_are_lanes_come_to_rest()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            var lanes = Owned(new int?[random.Next(1, 20)]);
            var members = new List<int> { 1 };
            var views = new Dictionary<int, (LaneRow[] Lanes, int[] Members)>();
            int next = 2, moves = 0;
            for (var step = 0; step < 1400; step++)
            {
                var settles = step >= 200;
                if (step == 200) moves = 0;
                if (!settles && random.Next(8) == 0) members.Add(next++);
                if (!settles && random.Next(10) == 0 && members.Count > 1) members.RemoveAt(random.Next(members.Count));
                var me = members[random.Next(members.Count)];
                // It looks, or acts on what it saw some time ago. The row's epoch decides whether what it does is done.
                if (random.Next(3) == 0 || !views.TryGetValue(me, out var view)) views[me] = view = ([.. lanes], [.. members]);
                var unwell = settles ? 0 : random.Next(members.Count + 1);
                var plan = Spread.Plan([.. view.Members.Order().Select(m => new Member(m, m == me || m != unwell))], view.Lanes, view.Members.Contains);
                var gave = false;
                for (var lane = 0; lane < lanes.Length; lane++)
                {
                    var (seen, now) = (view.Lanes[lane], lanes[lane]);
                    if (seen != now) continue;
                    if (now.Owner == me && plan[lane] is { } heir && heir != me && !gave)
                    {
                        lanes[lane] = now with { Owner = null, WantedBy = heir };
                        gave = true;
                        moves++;
                    }
                    else if ((now.Owner is null || !members.Contains(now.Owner.Value)) && plan[lane] == me)
                        lanes[lane] = now with { Owner = me, WantedBy = null, Epoch = now.Epoch + 1 };
                }
            }
            var counts = members.Select(m => lanes.Count(l => l.Owner == m)).ToList();
            Assert.True(counts.Sum() == lanes.Length && counts.Max() - counts.Min() <= 1, $"seed {seed}: {string.Join(", ", counts)}");
            Assert.True(moves <= 2 * lanes.Length, $"seed {seed}: {moves} moves of {lanes.Length} lanes after the last node came or went");
        }
    }
}
