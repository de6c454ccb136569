using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>PERD001.</summary>
public sealed class MapAnalyzerTests
{
    private static string Flow(string map, string members = "") => $$"""
        {{Code.Domain}}
        public sealed class Delivery : Part<object>
        {
            protected override Map<object> Define(Map<object> map) => map.State<Parcel>().Runs(Track);
            public async Task<To<Done, Gone>> Track(IVisit<object> visit, Parcel parcel) { await visit.Sleep(1.Days); return new Gone("lost"); }
        }
        public class Flow : Workflow<Order>
        {
            public Flow() : base("flow", 1) { }
            protected override Map<Order> Define(Map<Order> map) => {{map}};
            public async Task<To<Held, Gone>> Receive(IVisit<Order> visit, Order order) { await visit.Sleep(1.Days); return new Held("h"); }
            public async Task<To<Done, Gone>> Ship(IVisit<Order> visit, Held held) { await visit.Sleep(1.Days); return new Done("d"); }
            public To<Done, Gone> Approve(IVisit<Order> visit, Held held, Decision decision) => new Done("d");
            {{members}}
        }
        """;

    [Fact]
    public Task An_edge_to_a_state_that_is_not_in_the_map() => Analyzed.Says("PERD001",
        Flow("map.Start().Runs(Receive).State<Held>().Runs([|Ship|]).Revoked<Gone>()"), "Held may go to Done, but this map has no Done: add .State<Done>()");

    [Fact]
    public Task Every_such_edge_of_every_state() => Analyzed.Says("PERD001",
        Flow("map.Start().Runs([|Receive|]).Gate<Held>(\"boss\").Decides([|Approve|]).End<Done>()"), "has no Gone");

    [Fact]
    public Task A_lambda_as_a_body() => Analyzed.Says("PERD001",
        Flow("map.Start().Runs<To<Done>>([|async (visit, order) => { await visit.Sleep(1.Days); return new Done(order.Id); }|])"));

    [Fact]
    public Task A_map_written_in_statements() => Analyzed.Says("PERD001", Flow("default!", """
        public sealed class Other : Flow
        {
            protected override Map<Order> Define(Map<Order> map)
            {
                var begun = map.Start().Runs([|Receive|]);
                var on = begun.State<Held>().Runs([|Ship|]);
                return on.End<Done>();
            }
        }
        """), "no Gone");

    [Theory]
    [InlineData("map.Start().Runs(Receive).State<Held>().Runs(Ship).End<Done>().Revoked<Gone>()")]
    [InlineData("map.Start(\"Received\").Runs(Receive).Gate<Held>(role: \"boss\").Decides(Approve).End<Done>().End<Gone>()")]
    public Task A_whole_map_is_accepted(string map) => Analyzed.Accepts(Flow(map));

    [Theory]
    [InlineData("map.Start().Runs(Receive).Include(new Delivery())")]
    [InlineData("map.Start().Runs(Receive).Without<Gone>()")]
    [InlineData("map.Start().Runs(Receive).Redirect((Held held) => new Done(\"d\"))")]
    [InlineData("new Flow().Map.State<Held>().Runs(Ship)")]
    [InlineData("Ends(map.Start().Runs(Receive))")]
    public Task A_map_composed_by_code_is_left_to_its_check(string map) =>
        Analyzed.Accepts(Flow(map, "private static Map<Order> Ends(Map<Order> map) => map.End<Held>().End<Gone>();"));

    [Fact]
    public Task A_part_may_have_open_ends() => Analyzed.Accepts(Flow("map.Start().Runs(Receive).End<Held>().End<Gone>()"));

    [Fact]
    public Task Another_Define_is_none_of_its_business() => Analyzed.Accepts($$"""
        {{Code.Domain}}
        public class Flow
        {
            protected Map<Order> Define(Map<Order> map) => map.Start().Runs(Receive);
            public async Task<To<Held, Gone>> Receive(IVisit<Order> visit, Order order) { await visit.Sleep(1.Days); return new Held("h"); }
        }
        """);
}
