using Perdure.Owning;
using Perdure.Ports;

namespace Perdure.Tests.Owning;

/// <summary>The ownership protocol step by step, on a clock that is moved by hand.</summary>
public sealed class AMembershipIsKept : ILaneOwner
{
    private const int Other = 99;
    private static readonly KeeperTimes Times = new(TimeSpan.FromSeconds(8), TimeSpan.FromMilliseconds(250));

    private readonly HandTime _time = new();
    private readonly OwningDatabase _database = new(Times);
    private readonly Membership _membership;
    private readonly List<Ownership> _gained = [];
    private readonly List<int> _lost = [];
    private readonly List<(string What, TimeSpan At)> _asked = [];
    private TimeSpan _tellingTakes;

    public AMembershipIsKept() => _membership = new(new("here", 1, "build"), Times, TimeSpan.FromSeconds(2), _time, new(), fault => throw fault);

    [Fact]
    public void A_lane_that_was_taken_after_a_death_and_never_told_of_is_told_of_as_that_also_where_it_was_given_up_and_taken_again()
    {
        OpenBesideAnother();
        _database.LostThere = what => what == "newest";
        _database.Nodes.Remove(Other);
        Run(TimeSpan.FromSeconds(1));
        Assert.Equal(6, _database.Lanes[0].Row.Epoch);
        Assert.Empty(_gained);

        _database.LostThere = _ => true;
        Run(Times.Lease + Times.Tick);
        _database.LostThere = _ => false;
        Run(TimeSpan.FromSeconds(1));
        Assert.Equal(7, Assert.Single(_gained).Lanes[0].Epoch);
        Assert.True(_gained[0].Unclean);
    }

    [Fact]
    public void A_lane_whose_taking_was_carried_out_without_an_answer_is_told_of_as_its_owner_before_left_it()
    {
        OpenBesideAnother();
        var lost = 0;
        _database.LostBack = what => what == "take" && lost++ == 0;
        _database.Put(0, 5, owner: null, clean: true, wantedBy: 1);
        Run(TimeSpan.FromSeconds(1));
        Assert.Equal(7, Assert.Single(_gained).Lanes[0].Epoch);
        Assert.False(_gained[0].Unclean);
    }

    [Fact]
    public void A_death_stays_one_where_the_answer_to_the_taking_is_lost_more_than_once()
    {
        OpenBesideAnother();
        var lost = 0;
        _database.LostBack = what => what == "take" && lost++ < 3;
        _database.Nodes.Remove(Other);
        Run(TimeSpan.FromSeconds(3));
        Assert.Equal(9, Assert.Single(_gained).Lanes[0].Epoch);
        Assert.True(_gained[0].Unclean);
    }

    [Fact]
    public void What_the_node_gave_up_itself_and_nobody_had_since_is_no_death()
    {
        OpenBesideAnother();
        _database.Nodes.Remove(Other);
        Run(TimeSpan.FromSeconds(1));
        _database.LostThere = _ => true;
        Run(Times.Lease + Times.Tick);
        Assert.Equal([0], _lost);
        _database.LostThere = _ => false;
        Run(TimeSpan.FromSeconds(1));
        Assert.Equal([true, false], _gained.Select(g => g.Unclean));

        _membership.GivenUp(0, _membership.EpochOf(0));
        Run(Times.Tick);
        Assert.Equal([6L, 7, 8], _gained.Select(g => g.Lanes[0].Epoch));
        Assert.False(_gained[2].Unclean);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3_600, true)]
    public void One_that_joins_just_after_the_database_came_back_leaves_the_others_the_time_to_come_back(int served, bool dead)
    {
        _database.Served = TimeSpan.FromSeconds(served);
        _database.Nodes.Add(Other, (0, false));
        _database.Put(0, 5, Other, clean: false);
        Run(TimeSpan.FromSeconds(1.5));
        Assert.Equal(dead, !_database.Nodes.ContainsKey(Other));
        Run(TimeSpan.FromSeconds(1.5));
        Assert.False(_database.Nodes.ContainsKey(Other));
    }

    [Fact]
    public void Of_many_lanes_that_come_at_once_the_newest_instance_is_asked_for_rarely_and_the_lease_is_renewed_while_the_node_is_told()
    {
        const int many = 1_024;
        for (var lane = 1; lane < many; lane++) _database.Put(lane, 5, Other, clean: false);
        OpenBesideAnother();
        _tellingTakes = TimeSpan.FromMilliseconds(5);
        _database.Nodes.Remove(Other);
        _asked.Clear();
        Run(TimeSpan.FromSeconds(10));
        Assert.Equal(Enumerable.Range(0, many), _gained.Select(g => g.Lanes[0].Lane));
        Assert.Empty(_lost);
        var looks = _asked.Where(a => a.What == "look").Select(a => a.At).ToList();
        Assert.InRange(looks.Zip(looks.Skip(1), (one, next) => next - one).Max(), Times.Tick, Times.Proof);
        Assert.InRange(_asked.Count(a => a.What == "newest"), 1, looks.Count);
    }

    private void OpenBesideAnother()
    {
        _database.Nodes.Add(Other, (0, true));
        _database.Put(0, 5, Other, clean: false);
        Run(TimeSpan.FromMilliseconds(500));
        Assert.Empty(_membership.Opened!);
        _membership.Attach(this);
    }

    /// <summary>As the keeper's thread does, on this clock: turn after turn for so long. The other one renews as well.</summary>
    private void Run(TimeSpan span)
    {
        for (var end = _time.Now + span; _time.Now < end;)
        {
            var pause = Turn();
            _time.Now += pause > TimeSpan.FromMilliseconds(1) ? pause : TimeSpan.FromMilliseconds(1);
            if (_database.Nodes.TryGetValue(Other, out var other) && other.Locked) _database.Nodes[Other] = (other.Renewed + 1, true);
        }
    }

    private TimeSpan Turn()
    {
        try
        {
            while (_membership.Next() is { } ask)
            {
                _asked.Add((ask.What, _time.Now));
                _time.Now += ask.After + TimeSpan.FromMilliseconds(1);
                _database.Carry(ask);
            }
            return _membership.Pause;
        }
        catch (StoreException fault)
        {
            return _membership.Failed(fault, passing: false);
        }
    }

    void ILaneOwner.Gained(Ownership taken)
    {
        _time.Now += _tellingTakes;
        _gained.Add(taken);
    }

    Task ILaneOwner.HandOver(int lane) => Task.CompletedTask;

    void ILaneOwner.Lost(int lane, StoreException why) => _lost.Add(lane);

    void ILaneOwner.Arrived(int lane)
    {
    }

    void ILaneOwner.Away(StoreException why)
    {
    }

    void ILaneOwner.Back()
    {
    }

    void ILaneOwner.Moved(long position)
    {
    }

    void ILaneOwner.Peers(IReadOnlyList<NodeIdentity> live)
    {
    }

    private sealed class HandTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;
    }
}
