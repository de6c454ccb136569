using System.Net;
using System.Text.Json;
using Perdure;

namespace Shop.Merchant;

/// <summary>Talks to the merchant over HTTP, and says what each of its answers means for what was asked.</summary>
public sealed class MerchantClient(HttpClient http, OwnAddress own, MerchantSettings settings)
{
    /// <summary>Charges a card under a token.</summary>
    /// <exception cref="PermanentFailure">Refused.</exception>
    /// <exception cref="TransientFailure">Nothing happened; it may work later.</exception>
    /// <exception cref="UnknownOutcome">It may have happened. Every other exception says so too.</exception>
    public async Task<ChargeAnswer> Charge(string token, ChargeRequest request, CancellationToken cancellation)
    {
        using var response = await Post("merchant/charges", token, request, cancellation);
        if (response.IsSuccessStatusCode) return await Answer(response, cancellation);

        // What stands in the merchant's books for a token, it answers to it for ever, so that this says what came of an earlier attempt too.
        var (code, detail, fromTheBooks) = await Problem(response, cancellation);
        throw (int)response.StatusCode switch
        {
            402 or 409 => new PermanentFailure(code, detail) { Conclusive = fromTheBooks },
            422 => new PermanentFailure(code, detail),
            503 when code == "unavailable" => new TransientFailure(code, detail) { Conclusive = fromTheBooks },
            var status => new UnknownOutcome("merchant-error", $"The merchant answered {status}: {detail}"),
        };
    }

    /// <summary>Gives back what was charged under the token, or sees to it that it never is.</summary>
    public async Task Refund(string token, string orderId, CancellationToken cancellation)
    {
        using var response = await Post("merchant/refunds", token, new RefundRequest(orderId), cancellation);
        response.EnsureSuccessStatusCode();
    }

    private async Task<HttpResponseMessage> Post<T>(string path, string token, T body, CancellationToken cancellation)
    {
        var merchant = settings.BaseUrl ?? await own.Get(cancellation);
        return await http.PostUnder(token, new(merchant, path), body, "merchant", cancellation);
    }

    private static async Task<ChargeAnswer> Answer(HttpResponseMessage response, CancellationToken cancellation) =>
        await response.Content.ReadFromJsonAsync<ChargeAnswer>(cancellation) ?? throw new UnknownOutcome("merchant-error", "The merchant answered nothing.");

    private static async Task<(string Code, string Detail, bool FromTheBooks)> Problem(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            var problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return (problem.GetProperty("code").GetString()!, problem.GetProperty("detail").GetString()!, true);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (response.StatusCode == HttpStatusCode.PaymentRequired ? "declined" : "merchant-error", response.ReasonPhrase ?? "", false);
        }
    }
}
