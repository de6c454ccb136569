using Microsoft.AspNetCore.Mvc;
using Perdure.AspNetCore;

namespace Shop.Merchant;

/// <summary>What the merchant says of a charge.</summary>
public sealed record ChargeAnswer(string Id, decimal Amount, string Status, string Token);

/// <summary>What is asked for with a refund; the charge is named by the token in <c>Idempotency-Key</c>.</summary>
public sealed record RefundRequest(string OrderId);

/// <summary>The merchant's API, and its audit.</summary>
public static class MerchantEndpoints
{
    private const string Key = Downstream.Key;

    public static void MapMerchant(this IEndpointRouteBuilder app)
    {
        var merchant = app.MapGroup("/merchant").WithTags("Merchant");
        merchant.MapPost("/charges", Charge).AddEndpointFilter<LoopbackOnly>().AllowAnonymous().WithName("CaptureCharge");
        merchant.MapPost("/refunds", Refund).AddEndpointFilter<LoopbackOnly>().AllowAnonymous().WithName("RefundCharge");
        merchant.MapGet("/charges", (string? orderId, MerchantBooks books) => orderId is null ? NoOrder() : Results.Ok(books.Charges(orderId).Select(Answer)))
            .WithTags("Audit").WithName("ListCharges").Produces<IReadOnlyList<ChargeAnswer>>().ProducesProblem(400);
        merchant.MapGet("/refusals", (string? orderId, MerchantBooks books) => orderId is null ? NoOrder() : Results.Ok(books.Refusals(orderId)))
            .WithTags("Audit").WithName("ListRefusedCharges").Produces<IReadOnlyList<RefusedCharge>>().ProducesProblem(400);
    }

    private static async Task<IResult> Charge(
        [FromHeader(Name = Key)] string? token, ChargeRequest request, MerchantBooks books, MerchantSettings settings, HttpContext http, TimeProvider time)
    {
        if (!Fits(token)) return NoKey();
        var behaviour = TestCard.Find(request.Card).Behaviour;
        if (behaviour == Behaviour.Never)
        {
            await books.Detain(token!, request);
            await Silence(Timeout.InfiniteTimeSpan, time, http.RequestAborted);
            return Results.Empty;
        }

        var entry = await books.Charge(token!, request);
        if (entry.Status is "captured" && entry.Request != request) return new Problem(422, "key-reused", "This key belongs to another charge.");
        if (behaviour == Behaviour.ChargeAndHangUp && entry.New)
        {
            http.Abort();
            return Results.Empty;
        }
        if (behaviour == Behaviour.Slow) await AnswerSlowly(entry, settings, time, http.RequestAborted);
        return entry.Status switch
        {
            "captured" => Results.Created($"/merchant/charges?orderId={Uri.EscapeDataString(request.OrderId)}", Answer(entry)),
            "declined" => new Problem(402, entry.Code!, $"The card was refused: {entry.Code}."),
            "unavailable" => new Problem(503, "unavailable", "Out of order. Nothing was charged."),
            _ => new Problem(409, "refunded-before", "The refund of this charge was asked for. It stays refused."),
        };
    }

    private static async Task<IResult> Refund(
        [FromHeader(Name = Key)] string? token, RefundRequest request, MerchantBooks books, LateCharges late, MerchantSettings settings, HttpContext http, TimeProvider time)
    {
        if (!Fits(token)) return NoKey();
        var entry = await books.Refund(token!, request.OrderId);
        late.RefundAskedFor(token!);
        if (TestCard.Find(entry.Request.Card).Behaviour == Behaviour.Slow) await AnswerSlowly(entry, settings, time, http.RequestAborted);
        return Results.Ok(Answer(entry));
    }

    // From the moment of the booking, so that asking again does not make it any slower.
    private static Task AnswerSlowly(Entry entry, MerchantSettings settings, TimeProvider time, CancellationToken gone)
    {
        var left = entry.At.AddMilliseconds(settings.SlowMilliseconds) - time.GetUtcNow();
        return left <= TimeSpan.Zero ? Task.CompletedTask : Silence(left, time, gone);
    }

    private static async Task Silence(TimeSpan length, TimeProvider time, CancellationToken gone)
    {
        try { await Task.Delay(length, time, gone); }
        catch (OperationCanceledException) { /* Nobody listens any more. */ }
    }

    private static bool Fits(string? token) => token is { Length: > 0 and <= 200 };
    private static IResult NoOrder() => Problem.Malformed("query.malformed", "orderId", "Say which order: ?orderId=…");
    private static IResult NoKey() => new Problem(400, "key-missing", $"Give the charge's key, 1 to 200 characters, in {Key}.");
    private static ChargeAnswer Answer(Entry entry) => new($"ch_{entry.Id}", entry.Request.Amount, entry.Status, entry.Token);
}
