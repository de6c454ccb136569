using System.Text;
using Microsoft.AspNetCore.Http;
using Shop.Orders;

namespace Shop.Tests.Orders;

public sealed class WebhookSignatureTests
{
    // The example of the Standard Webhooks specification's reference libraries.
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Id = "msg_p5jXN8AQM9LWM0D4loKWxJek", At = "1614265330", Body = "{\"test\": 2432232314}";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private static readonly DateTimeOffset Then = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    [Fact]
    public void Signs_as_the_specification_does() => Assert.Equal(Signature, At0(Then).Sign(Id, At, Encoding.UTF8.GetBytes(Body)));

    [Theory]
    [InlineData(Signature, null)]
    [InlineData("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= " + Signature, null)]
    [InlineData("v2,xyz " + Signature + " v1a,abc", null)]
    [InlineData("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "webhook.signature-invalid")]
    [InlineData("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "webhook.signature-invalid")]
    [InlineData("v1,g0hM9SsE", "webhook.signature-invalid")]
    [InlineData("v1,%%%", "webhook.signature-invalid")]
    [InlineData("v1,", "webhook.signature-invalid")]
    [InlineData("", "webhook.signature-missing")]
    public void Takes_any_genuine_signature_of_several(string signatures, string? code) => Assert.Equal(code, Check(At0(Then), signatures)?.Code);

    [Theory]
    [InlineData(299, null)]
    [InlineData(-299, null)]
    [InlineData(301, "webhook.timestamp-stale")]
    [InlineData(-301, "webhook.timestamp-stale")]
    public void Takes_five_minutes_of_difference(int seconds, string? code) => Assert.Equal(code, Check(At0(Then.AddSeconds(seconds)), Signature)?.Code);

    [Theory]
    [InlineData("yesterday", "webhook.timestamp-malformed")]
    [InlineData("-5", "webhook.timestamp-malformed")]
    [InlineData("9223372036854775807", "webhook.timestamp-malformed")]
    [InlineData("99999999999999999999", "webhook.timestamp-malformed")]
    [InlineData("1614265331", "webhook.signature-invalid")]
    public void Takes_only_the_signed_timestamp(string timestamp, string code) => Assert.Equal(code, Check(At0(Then), Signature, timestamp: timestamp)?.Code);

    [Fact]
    public void Takes_only_the_signed_id_and_body()
    {
        Assert.Equal("webhook.signature-invalid", Check(At0(Then), Signature, id: "msg_other")?.Code);
        Assert.Equal("webhook.signature-invalid", Check(At0(Then), Signature, body: Body + " ")?.Code);
    }

    [Fact]
    public void Takes_the_old_secret_and_the_new_while_both_are_configured()
    {
        var old = new WebhookSignature("whsec_b2xkIG9sZCBvbGQgb2xkIG9sZA==", new Clock(Then));
        var both = new WebhookSignature(Secret + " whsec_b2xkIG9sZCBvbGQgb2xkIG9sZA==", new Clock(Then));
        Assert.Null(Check(both, Signature));
        Assert.Null(Check(both, old.Sign(Id, At, Encoding.UTF8.GetBytes(Body))));
        Assert.NotNull(Check(At0(Then), old.Sign(Id, At, Encoding.UTF8.GetBytes(Body))));
    }

    [Fact]
    public void The_development_secret_is_the_documented_one() =>
        Assert.Equal(OrderSettings.DevelopmentSecret, "whsec_" + Convert.ToBase64String("perdure-development-key-do-not-ship"u8));

    private static WebhookSignature At0(DateTimeOffset now) => new(Secret, new Clock(now));

    private static SignatureFault? Check(WebhookSignature signature, string signatures, string id = Id, string timestamp = At, string body = Body) => signature.Check(new HeaderDictionary
    {
        [WebhookSignature.IdHeader] = id,
        [WebhookSignature.TimestampHeader] = timestamp,
        [WebhookSignature.SignatureHeader] = signatures,
    }, Encoding.UTF8.GetBytes(body));

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
