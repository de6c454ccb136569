using Perdure;

namespace Shop.Inventory;

/// <summary>What an order needs.</summary>
public sealed record Reservation(string OrderId, IReadOnlyList<Item> Items);

/// <summary>Stock that is kept for an order.</summary>
/// <param name="Id">What the warehouse knows it by.</param>
public sealed record Hold(string Id);

/// <summary>Keeps stock for an order: all of it or nothing.</summary>
public sealed class ReserveInventory(IInventory inventory) : Operation<Reservation, Hold>
{
    public override async Task<Hold> Run(Reservation wanted, Attempt attempt)
    {
        var reply = await inventory.Reserve(attempt.Token, wanted.OrderId, wanted.Items, attempt.Cancelled);
        return reply.Done ? new Hold(attempt.Token) : throw new PermanentFailure(reply.Refusal!, $"Not every line of order {wanted.OrderId} can be had: {reply.Refusal}.");
    }

    public override async Task Undo(Reservation wanted, Hold? hold, Attempt attempt)
    {
        var reply = await inventory.Release(attempt.Token, wanted.OrderId, attempt.Cancelled);
        if (!reply.Done) throw new InvalidOperationException($"The stock of order {wanted.OrderId} cannot be put back: {reply.Refusal}.");
    }
}
