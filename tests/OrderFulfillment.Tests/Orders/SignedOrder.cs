using System.Globalization;
using System.Net.Http.Headers;
using Shop.Orders;

namespace Shop.Tests.Orders;

/// <summary>An order as a customer's system sends it.</summary>
public static class SignedOrder
{
    private static readonly WebhookSignature Signature = new(OrderSettings.DevelopmentSecret, TimeProvider.System);

    public static HttpRequestMessage Request(string id, byte[] body, DateTimeOffset at, string type = "application/json")
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return new(HttpMethod.Post, "/orders")
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } },
            Headers = { { WebhookSignature.IdHeader, id }, { WebhookSignature.TimestampHeader, timestamp }, { WebhookSignature.SignatureHeader, Signature.Sign(id, timestamp, body) } },
        };
    }
}
