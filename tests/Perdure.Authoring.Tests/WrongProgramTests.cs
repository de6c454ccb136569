using Perdure.Tests;

namespace Perdure.Authoring.Tests;

/// <summary>The wrong programs and the compiler's answers: what does not compile cannot fail in production.</summary>
public sealed class WrongProgramTests
{
    private static string Program(string map = "", string ship = "", string receive = "", string more = "") => $$"""
        using Perdure.Authoring.Tests.Shop;
        public sealed class Flow(DispatchShipment dispatch) : Workflow<Order>("flow", 1)
        {
            protected override Map<Order> Define(Map<Order> map) => map
                .Start("Received").Runs(Receive)
                {{(map.Length > 0 ? map : ".State<Charged>().Runs(Ship).End<Completed>().Revoked<TransactionRevoked>()")}};
            public async Task<To<Charged>> Receive(IVisit<Order> visit, Order order) { await visit.Sleep(1.Seconds); {{(receive.Length > 0 ? receive : "return new Charged(new(\"c\"));")}} }
            public To<Charged> Approve(IVisit<Order> visit, Approval waiting, Decision decision) => new Charged(new(decision.By));
            public async Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
            {
                var shipment = await visit.Try(dispatch, new(visit.Input.OrderId, visit.Input.ShipTo, []));
                {{(ship.Length > 0 ? ship : "return shipment.Ok ? new Completed(shipment.Value) : new TransactionRevoked(shipment.Failure.Code);")}}
            }
        }
        {{more}}
        """;

    private static void Answers(string id, string program) => InMemory.Says(id, program, text => InMemory.Errors(InMemory.Compile(text)));

    [Fact]
    public void The_right_program_compiles() => Assert.Empty(InMemory.Errors(InMemory.Compile(Program())));

    [Theory(DisplayName = "A body returns")]
    [InlineData("an undeclared state", "CS0029", "return [|new Rejected(\"no\")|];")]
    [InlineData("an undeclared state in one branch", "CS0029", "return shipment.Ok ? new Completed(shipment.Value) : [|new Rejected(\"no\")|];")]
    [InlineData("a state that does not exist", "CS0246", "return new [|Shipped|](\"x\");")]
    [InlineData("a state without its data", "CS7036", "return new [|Completed|]();")]
    [InlineData("a state with other data", "CS1503", "return new Completed([|charged.Charge|]);")]
    [InlineData("the input of the state instead of the next state", "CS0029", "return [|charged|];")]
    [InlineData("null for a state", "CS0037", "return [|null|];")]
    public void A_body_returns(string what, string id, string ship)
    {
        _ = what;
        Answers(id, Program(ship: ship));
    }

    [Fact]
    public void A_body_that_forgets_one_way_out() => Answers("CS0161", Program(ship: "if (shipment.Ok) return new Completed(shipment.Value);").Replace("> Ship(", "> [|Ship|](", StringComparison.Ordinal));

    [Theory(DisplayName = "An outcome")]
    [InlineData("whose success is taken for granted", "CS8604", "return new Completed([|shipment.Value|]);")]
    [InlineData("whose failure is taken for granted", "CS8602", "return new TransactionRevoked([|shipment.Failure|].Code);")]
    [InlineData("that is looked at the wrong way round", "CS8604", "return shipment.Ok ? new TransactionRevoked(\"x\") : new Completed([|shipment.Value|]);")]
    public void An_outcome(string what, string id, string ship)
    {
        _ = what;
        Answers(id, Program(ship: ship));
    }

    [Theory(DisplayName = "An operation is asked for")]
    [InlineData("without all of its input", "CS7036", "await visit.Run(dispatch, [|new(visit.Input.OrderId)|]);")]
    [InlineData("with another's input", "CS0411", "await visit.[|Run|](dispatch, new Line(\"a\", 1, 1m));")]
    [InlineData("and its output taken for another type", "CS0029", "Parcel parcel = [|await visit.Run(dispatch, new(visit.Input.OrderId, visit.Input.ShipTo, []))|];")]
    [InlineData("and not awaited", "CS4014", "[|visit.Sleep(1.Days)|];")]
    public void An_operation_is_asked_for(string what, string id, string statement)
    {
        _ = what;
        Answers(id, Program(ship: statement + " return new TransactionRevoked(\"x\");"));
    }

    [Theory(DisplayName = "A map has")]
    [InlineData("a state without a body", "CS1061", ".State<Charged>().[|End<Completed>|]()")]
    [InlineData("a start without a body", "CS1061", ".End<Completed>().Start().[|End<Completed>|]()")]
    [InlineData("a gate without a role", "CS7036", ".[|Gate<Approval>|]().Decides(Approve).State<Charged>().Runs(Ship)")]
    [InlineData("a gate without a decision", "CS1061", ".Gate<Approval>(\"boss\").[|End<Completed>|]()")]
    [InlineData("a gate with a body", "CS1061", ".Gate<Approval>(\"boss\").[|Runs|](Receive)")]
    [InlineData("another state's body", "CS0411", ".State<InventoryLocked>().[|Runs|](Ship)")]
    [InlineData("another state's body, its transitions spelled out", "CS1503", ".State<InventoryLocked>().Runs<To<Completed, TransactionRevoked>>([|Ship|])")]
    public void A_map_has(string what, string id, string map)
    {
        _ = what;
        Answers(id, Program(map: map));
    }

    [Fact]
    public void A_map_that_ends_in_a_state_without_a_body() => Answers("CS0029", """
        using Perdure.Authoring.Tests.Shop;
        public sealed class Flow() : Workflow<Order>("flow", 1)
        {
            protected override Map<Order> Define(Map<Order> map) => [|map.End<Completed>().State<Charged>()|];
        }
        """);

    [Theory(DisplayName = "An operation")]
    [InlineData("without an undo", "CS0534", "public sealed class [|NoUndo|] : Operation<Line, Parcel> { public override Task<Parcel> Run(Line input, Attempt attempt) => throw new NotSupportedException(); }")]
    [InlineData("without a run", "CS0534", "public sealed class [|NoRun|] : Query<Line, Parcel>;")]
    [InlineData("that does not say what kind it is", "CS0122", "public sealed class [|Neither|] : Step<Line, Parcel> { public override Task<Parcel> Run(Line input, Attempt attempt) => throw new NotSupportedException(); }")]
    [InlineData("that is irreversible and has an undo", "CS0115", "public sealed class Both : Irreversible<Line, Parcel> { public override Task<Parcel> Run(Line input, Attempt attempt) => throw new NotSupportedException(); public override Task [|Undo|](Line input, Parcel? output, Attempt attempt) => Task.CompletedTask; }")]
    [InlineData("whose undo takes the output for granted", "CS8602", "public sealed class Undoing : Operation<Line, Parcel> { public override Task<Parcel> Run(Line input, Attempt attempt) => throw new NotSupportedException(); public override Task Undo(Line input, Parcel? output, Attempt attempt) { _ = [|output|].Sku; return Task.CompletedTask; } }")]
    [InlineData("whose undo is declared with an output", "CS8765", "public sealed class Undoing : Operation<Line, Parcel> { public override Task<Parcel> Run(Line input, Attempt attempt) => throw new NotSupportedException(); public override Task [|Undo|](Line input, Parcel output, Attempt attempt) => Task.CompletedTask; }")]
    [InlineData("that returns nothing", "CS8603", "public sealed class Nothing : Query<Line, Parcel> { public override async Task<Parcel> Run(Line input, Attempt attempt) { await Task.Yield(); return [|null|]; } }")]
    [InlineData("with a value for an output", "CS0452", "public sealed class [|Valued|] : Query<Line, int> { public override Task<int> Run(Line input, Attempt attempt) => Task.FromResult(1); }")]
    public void An_operation(string what, string id, string operation)
    {
        _ = what;
        Answers(id, Program(more: operation));
    }

    [Theory(DisplayName = "A workflow")]
    [InlineData("whose body does not list its transitions", "CS0311", "Start().[|Runs|](Go).End<Charged>()", "public async Task<Charged> Go(IVisit<Order> visit, Order order) { await visit.Sleep(1.Days); return new Charged(new(\"c\")); }")]
    [InlineData("that takes in a part it has not the data for", "CS1503", "Include([|new Delivery()|])", "")]
    public void A_workflow(string what, string id, string map, string body)
    {
        _ = what;
        var input = body.Length > 0 ? "Order" : "Refund";
        Answers(id, $$"""
            using Perdure.Authoring.Tests.Shop;
            public sealed class Flow() : Workflow<{{input}}>("flow", 1)
            {
                protected override Map<{{input}}> Define(Map<{{input}}> map) => map.{{map}};
                {{body}}
            }
            """);
    }

    [Fact]
    public void A_part_that_takes_more_than_it_needs() => Answers("CS1061", """
        using Perdure.Authoring.Tests.Shop;
        public sealed class Delivery : Part<IShippable>
        {
            protected override Map<IShippable> Define(Map<IShippable> map) => map.State<InTransit>().Runs(Track);
            public async Task<To<Delivered>> Track(IVisit<IShippable> visit, InTransit parcel) { await visit.Sleep(1.Days, visit.Input.[|OrderId|]); return new Delivered(parcel.Shipment); }
        }
        """);
}
