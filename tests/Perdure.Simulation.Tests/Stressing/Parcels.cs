namespace Perdure.Simulation.Tests.Stressing;

public sealed record Parcel(string Address);
public sealed record Packing(string Order);
public sealed record Released(string Weight);
public sealed record Shipped(string Label);
public sealed record Delivered(string Label);
public sealed record GivenUp(string Reason);
public sealed record PickedUp(string By);
public sealed record Weight(string Value);
public sealed record Label(string Value);

public sealed class Pack : Operation<Packing, Weight>
{
    public override Task<Weight> Run(Packing input, Attempt attempt) => Task.FromResult(new Weight(input.Order + " weighed"));
    public override Task Undo(Packing input, Weight? output, Attempt attempt) => Task.CompletedTask;
}

/// <summary>Four labels at a time.</summary>
public sealed class PrintLabel : Operation<Parcel, Label>
{
    public override int Concurrency => 4;
    public override Retry Retry => Retry.Never;
    public override Task<Label> Run(Parcel input, Attempt attempt) => Task.FromResult(new Label("to " + input.Address));
    public override Task Undo(Parcel input, Label? output, Attempt attempt) => Task.CompletedTask;
}

/// <summary>From an order to its delivery; people release what was packed, and the carrier says when it has come.</summary>
public sealed class Ship(Pack pack, PrintLabel print) : Workflow<Parcel>("ship", version: 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map
        .Start("Ordered").Runs(Order)
        .State<Packing>().Runs(PackIt)
        .Gate<Released>(role: "foreman").Decides(Release)
        .State<Shipped>().Runs(Deliver)
        .End<Delivered>()
        .Revoked<GivenUp>();

    public Task<To<Packing>> Order(IVisit<Parcel> visit, Parcel parcel) => throw new InvalidOperationException("Only a part is under stress.");

    public async Task<To<Released, GivenUp>> PackIt(IVisit<Parcel> visit, Packing packing)
    {
        var weight = await visit.Run(pack, packing);
        var label = await visit.Try(print, visit.Input);
        return label.Ok ? new Released(weight.Value) : new GivenUp(label.Failure.Code);
    }

    public To<Shipped, GivenUp> Release(IVisit<Parcel> visit, Released released, Decision decision) => decision.Approved ? new Shipped(released.Weight) : new GivenUp("refused");

    public async Task<To<Delivered>> Deliver(IVisit<Parcel> visit, Shipped shipped)
    {
        await visit.Signal<PickedUp>();
        await visit.Sleep(2.Hours);
        return new Delivered(shipped.Label);
    }
}
