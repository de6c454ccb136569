using Perdure.Authoring.Tests.Shop;
using Perdure.Ports;

namespace Perdure.Authoring.Tests;

/// <summary>Each kind of problem a map can have, with its fix; and that all are listed at once.</summary>
public sealed class MapCheckTests
{
    public sealed record A;
    public sealed record B;
    public sealed record C;
    public sealed record End;
    public abstract record Abstract;

    private static Map<Order> Begin<TNext>() where TNext : INext => new Map<Order>().Start("Begin").Runs((_, _) => Task.FromResult<TNext>(default!));

    private static Map<Order> With<TState, TNext>(Map<Order> map, string? name = null, TimeSpan? within = null) where TState : class where TNext : INext =>
        map.State<TState>(name, within).Runs((_, _) => Task.FromResult<TNext>(default!));

    private static void Only(Map<Order> map, string code, string state, string message, string fix)
    {
        var problem = Assert.Single(map.Check());
        Assert.Equal(new(code, state, message, fix), problem);
        Assert.Equal($"{code}: {message} {fix}", problem.ToString());
    }

    [Fact]
    public void A_sound_map_has_none()
    {
        Assert.Empty(OrderFulfillment.Version1.Check());
        Assert.Empty(OrderFulfillmentV2.Version2.Check());
        Assert.Empty(new SendReplacement(new(), new()).Check());
        Assert.Empty(new LoyaltyPoints(new()).Check());
    }

    [Fact]
    public void An_unreachable_state() => Only(With<A, To<End>>(Begin<To<End>>().End<End>()),
        "map.unreachable", "A", "A is never reached.", "Return A from a body, or remove it.");

    [Fact]
    public void A_state_that_only_reaches_itself_is_unreachable() => Only(With<A, To<A, End>>(Begin<To<End>>().End<End>()),
        "map.unreachable", "A", "A is never reached.", "Return A from a body, or remove it.");

    [Fact]
    public void A_state_with_no_way_to_an_end() => Only(With<A, To<A>>(Begin<To<A, End>>().End<End>()),
        "map.endless", "A", "A has no way to an end.", "Let its body, or that of a state it leads to, return the record of an end.");

    [Fact]
    public void A_transition_to_nowhere() => Only(Begin<To<A, End>>().End<End>(),
        "map.nowhere", "Begin", "Begin goes to A, which is not in the map.", "Add .State<A>(), .Gate<…>() or .End<…>() for it, or Include the part that has it.");

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(null)]
    public void A_gate_without_a_role(string? role) => Only(Begin<To<A>>().Gate<A>(role!).Decides<To<End>>((_, _, _) => new End()).End<End>(),
        "map.gate-role", "A", "The gate A has no role, so nobody may decide it.", "Name one: .Gate<A>(role: …).");

    [Fact]
    public void Two_states_of_one_name() => Only(With<B, To<End>>(With<A, To<B>>(Begin<To<A>>(), "Same"), "Same").End<End>(),
        "map.name-twice", "Same", "2 states are named Same: A, B.", "Give each a name of its own.");

    [Fact]
    public void One_state_twice() => Only(With<A, To<End>>(With<A, To<End>>(Begin<To<A>>())).End<End>(),
        "map.state-twice", "A", "A is in the map 2 times.", "Use Replace to give a state another body, or Without to drop one.");

    [Fact]
    public void No_start() => Only(With<A, To<End>>(new Map<Order>()).End<End>(),
        "map.no-start", "", "The map has no start.", "Begin it with .Start(…).Runs(…).");

    [Fact]
    public void No_end() => Only(With<A, To<A>>(Begin<To<A>>()),
        "map.no-end", "", "The map has no end.", "Add .End<…>() or .Revoked<…>().");

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("CANCELLED")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")]
    public void A_name_that_cannot_be(string name) => Only(With<A, To<End>>(Begin<To<A>>(), name).End<End>(),
        "map.name", name, $"\"{name}\" cannot be the name of a state.", "Use 1 to 100 printable characters other than CANCELLED, which every map has.");

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_deadline_in_the_past(int seconds) => Only(With<A, To<End>>(Begin<To<A>>(), within: seconds.Seconds).End<End>(),
        "map.deadline", "A", $"A has a deadline of {seconds.Seconds}.", "Give it a positive time, or none.");

    [Fact]
    public void Two_ends_for_cancelled_instances() => Only(Begin<To<A, B>>().Revoked<A>(cancelled: _ => new()).Revoked<B>(cancelled: _ => new()),
        "map.cancels", "", "Several ends take cancelled instances.", "Give cancelled: to one .Revoked<…>() only.");

    [Fact]
    public void An_end_that_only_cancelling_reaches_is_reached() => Assert.Empty(Begin<To<End>>().End<End>().Revoked<A>(cancelled: _ => new()).Check());

    [Fact]
    public void A_state_whose_data_cannot_be_made() => Only(Begin<To<Abstract>>().End<Abstract>(),
        "map.record", "Abstract", "Abstract is abstract, so Abstract cannot have its data.", "Make it a record that can be made, and one for each state.");

    [Fact]
    public void Several_starts()
    {
        var map = Begin<To<End>>().End<End>().Include(Begin<To<End>>().Only<Order>());
        Assert.Equal("map.state-twice", Assert.Single(map.Check()).Code);       // an included start is an ordinary state

        var two = Begin<To<End>>().End<End>().Start("Again").Runs((_, _) => Task.FromResult<To<End>>(new End()));
        Assert.Equal(["map.starts", "map.state-twice"], two.Check().Select(p => p.Code));
        Assert.Equal("The map has 2 starts: Begin, Again.", two.Check()[0].Message);
    }

    [Fact]
    public void All_problems_are_listed_at_once_each_with_its_fix()
    {
        var map = With<C, To<C>>(With<A, To<B>>(Begin<To<A, End>>(), "", within: -1.Seconds)).Gate<Order>("").Decides<To<End>>((_, _, _) => new End());
        var problems = map.Check();
        Assert.Equal(["map.deadline", "map.gate-role", "map.name", "map.no-end", "map.nowhere", "map.nowhere", "map.nowhere", "map.state-twice", "map.unreachable"],
            problems.Select(p => p.Code).Order(StringComparer.Ordinal));
        Assert.All(problems, p => Assert.NotEmpty(p.Fix));
        var told = new MapException("flow", 1, problems);
        Assert.Equal("map.invalid", told.Code);
        Assert.All(problems, p => Assert.Contains(p.ToString(), told.Message, StringComparison.Ordinal));
    }

    private static Exception Thrown(Exception exception)
    {
        try { throw exception; }
        catch (Exception caught) { return caught; }
    }

    [Fact]
    public void A_program_whose_map_has_problems_shows_their_list_and_no_stack_trace()
    {
        var problems = Begin<To<A, End>>().End<End>().Check();
        Exception[] thrown =
        [
            Thrown(new MapException("flow", 1, problems)),
            Thrown(new MapChangedException("flow", 1, "- a → b")),
            Thrown(new StoreException("store.held", "It is held by process 7.")),
        ];
        // A host logs ToString() of what kept it from starting, and the runtime prints it.
        Assert.All(thrown, e => Assert.Equal($"{e.GetType()}: {e.Message}", e.ToString()));
        Assert.Contains(problems[0].Fix, thrown[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("   at ", Thrown(new StoreException("store.unavailable", "It cannot be opened.", new IOException("broken"))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_leads_to_nowhere_is_said_once_and_not_again_of_what_leads_there() =>
        Assert.Equal(["map.nowhere"], With<A, To<B>>(With<C, To<A>>(Begin<To<C, End>>())).End<End>().Check().Select(p => p.Code));

    private sealed class Named(string name, int version) : Workflow<Order>(name, version)
    {
        protected override Map<Order> Define(Map<Order> map) => Begin<To<End>>().End<End>();
    }

    [Theory]
    [InlineData("order", 1, null)]
    [InlineData("order-2-go", 7, null)]
    [InlineData("", 1, "map.workflow-name")]
    [InlineData("Order", 1, "map.workflow-name")]
    [InlineData("order fulfilment", 1, "map.workflow-name")]
    [InlineData("-order", 1, "map.workflow-name")]
    [InlineData("order/1", 1, "map.workflow-name")]
    [InlineData("order", 0, "map.version")]
    public void A_workflow_has_a_stable_name_and_a_version(string name, int version, string? code) =>
        Assert.Equal(code is null ? [] : [code], new Named(name, version).Check().Select(p => p.Code));
}
