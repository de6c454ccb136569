using Perdure;

namespace Shop.Inventory;

/// <summary>That the carrier has the goods.</summary>
public sealed record HandedOver(string Hold);

/// <summary>Hands what was held for an order to the carrier: the stock is shipped.</summary>
public sealed class HandOver(IInventory inventory) : Operation<Hold, HandedOver>
{
    public override async Task<HandedOver> Run(Hold hold, Attempt attempt)
    {
        var reply = await inventory.HandOver(attempt.Token, hold.Id, attempt.Cancelled);
        return reply.Done ? new HandedOver(hold.Id) : throw new PermanentFailure(reply.Refusal!, $"The hold {hold.Id} must not be handed over: {reply.Refusal}.");
    }

    public override Task Undo(Hold hold, HandedOver? done, Attempt attempt) => inventory.TakeBack(attempt.Token, hold.Id, attempt.Cancelled);
}
