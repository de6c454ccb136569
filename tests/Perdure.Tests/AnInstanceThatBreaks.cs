using Perdure.Kernel;

namespace Perdure.Tests;

/// <summary>A broken invariant stops one instance, and a person is told; the others go on.</summary>
[Collection("script")]
public sealed class AnInstanceThatBreaks
{
    private static readonly Caller Operator = new("ann", []);

    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();

    public sealed record Parcel(string Name);
    public sealed record Sent(string Name);
    public sealed record TakenBack(string Name);

    public sealed class Pack : Operation<Parcel, Sent>
    {
        public override Task<Sent> Run(Parcel input, Attempt attempt) => Task.FromResult(new Sent(input.Name));
        public override Task Undo(Parcel input, Sent? output, Attempt attempt) => Task.CompletedTask;
    }

    public sealed class Sends(Pack pack) : Workflow<Parcel>("parcel", version: 1)
    {
        protected override Map<Parcel> Define(Map<Parcel> map) => map.Start("Ordered").Runs(Send).End<Sent>().Revoked<TakenBack>();

        public async Task<To<Sent, TakenBack>> Send(IVisit<Parcel> visit, Parcel parcel)
        {
            await visit.Run(pack, parcel);
            return parcel.Name == "unwanted" ? new TakenBack(parcel.Name) : new Sent(parcel.Name);
        }
    }

    private TestNode Node() => new(_store, new() { Clock = _shell.Clock }, p => p.Workflow<Sends>());

    // What the stack says must be undone is not in the log that is read for it.
    private InstanceId Break(TestNode node)
    {
        _store.ForgetsIntents = true;
        return node.Start("parcel", """{"name":"unwanted"}""");
    }

    [Fact]
    public void Is_an_incident_with_a_page_and_the_others_go_on()
    {
        var node = Node();
        var broken = Break(node);
        var other = node.Start("parcel", """{"name":"wanted"}""");
        node.Shell.Settle();
        Assert.Equal("Sent", node.Look(other).State);
        var incident = node.Look(broken).Incident;
        Assert.Equal((FailureCode.Broken, 1), (incident?.Failure.Code, incident?.Number));
        Assert.Equal($"{broken}/incident/1", Assert.Single(_store.PageRecords).Page.Key);
        Assert.Contains(node.Logged, line => line.StartsWith("Critical", StringComparison.Ordinal));
    }

    [Fact]
    public void Goes_on_when_an_operator_says_so_and_nothing_is_broken_any_more()
    {
        var node = Node();
        var broken = Break(node);
        node.Shell.Settle();
        _store.ForgetsIntents = false;
        node.Done(node.Engine.Retry(broken, Operator));
        node.Shell.Settle();
        Assert.Equal("TakenBack", node.Look(broken).State);
    }

    [Fact]
    public void Again_stands_still_until_the_next_node()
    {
        var node = Node();
        var broken = Break(node);
        node.Shell.Settle();
        node.Done(node.Engine.Retry(broken, Operator));
        node.Shell.Settle();
        Assert.Equal("instance.halted", Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Pause(broken, Operator))).Code);
        node.Die();
        _store.ForgetsIntents = false;
        Assert.Equal("TakenBack", Node().Look(broken).State);
    }
}
