namespace Perdure.Authoring.Tests.Shop;

public sealed record Line(string Sku, int Quantity, decimal UnitPrice);
public sealed record Address(string Name, string Street, string City, string Country);
public interface IShippable { Address ShipTo { get; } }

public sealed record Order(string OrderId, string CustomerId, IReadOnlyList<Line> Lines, decimal Total, string Card, Address ShipTo) : IShippable
{
    public string? Fault => Lines.Sum(line => line.Quantity * line.UnitPrice) == Total ? null : "total-mismatch";
}

public sealed record Refund(string ReturnId);
public sealed record Hold(string Id);
public sealed record Charge(string Id);
public sealed record Parcel(string Sku);
public sealed record Shipment(string Id);
public sealed record CarrierDelivered(string ShipmentId);
public sealed record Score(int Value);
public sealed record Points(int Value);
public sealed record Purchase(string CustomerId, decimal Total);
public sealed record OrderSettings { public decimal ApprovalThreshold { get; init; } = 10_000m; public TimeSpan LockedWithin { get; init; } = 5.Minutes; }

public sealed record Reservation(string OrderId, IReadOnlyList<Line> Lines);
public sealed class ReserveInventory : Operation<Reservation, Hold>
{
    public override Task<Hold> Run(Reservation input, Attempt attempt) => Task.FromResult(new Hold(attempt.Token));
    public override Task Undo(Reservation input, Hold? output, Attempt attempt) => Task.CompletedTask;
}

public sealed record Payment(string OrderId, decimal Amount, string Card);
public sealed class CaptureCharge : Operation<Payment, Charge>
{
    public override Retry Retry => Retry.Exponential(1.Seconds, cap: 1.Minutes, jitter: 1.Seconds, attempts: 6);
    public override Task<Charge> Run(Payment input, Attempt attempt) => Task.FromResult(new Charge(attempt.Token));
    public override Task Undo(Payment input, Charge? output, Attempt attempt) => Task.CompletedTask;
}

public sealed class PickAndPack : Operation<Line, Parcel>
{
    public override Task<Parcel> Run(Line input, Attempt attempt) => Task.FromResult(new Parcel(input.Sku));
    public override Task Undo(Line input, Parcel? output, Attempt attempt) => Task.CompletedTask;
}

public sealed record Consignment(string OrderId, Address To, IReadOnlyList<Parcel> Parcels);
public sealed class DispatchShipment : Operation<Consignment, Shipment>
{
    public override Task<Shipment> Run(Consignment input, Attempt attempt) => Task.FromResult(new Shipment(attempt.Token));
    public override Task Undo(Consignment input, Shipment? output, Attempt attempt) => Task.CompletedTask;
}

public sealed class ScoreFraud : Query<Order, Score>
{
    public override Task<Score> Run(Order input, Attempt attempt) => Task.FromResult(new Score(input.Total > 100_000 ? 99 : 1));
}

public sealed class CreditPoints : Irreversible<Purchase, Points>
{
    public override Task<Points> Run(Purchase input, Attempt attempt) => Task.FromResult(new Points((int)input.Total));
}
