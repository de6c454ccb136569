using Perdure;

namespace Shop.Merchant;

/// <summary>Money to be taken for an order.</summary>
public sealed record Payment(string OrderId, decimal Amount, string Currency, string Card);

/// <summary>Money that was taken.</summary>
public sealed record Charge(string Id);

/// <summary>Charges a card at the merchant.</summary>
public sealed class CaptureCharge(MerchantClient merchant, MerchantSettings settings) : Operation<Payment, Charge>
{
    public override TimeSpan Timeout => settings.Timeout;
    public override int Concurrency => 256;
    public override Retry Retry => Retry.Exponential(settings.RetryMilliseconds.Milliseconds, cap: 1.Seconds, attempts: settings.Attempts);

    public override async Task<Charge> Run(Payment payment, Attempt attempt)
    {
        var answer = await merchant.Charge(attempt.Token, new(payment.OrderId, payment.Amount, payment.Currency, payment.Card), attempt.Cancelled);
        return new(answer.Id);
    }

    public override Task Undo(Payment payment, Charge? charge, Attempt attempt) => merchant.Refund(attempt.Token, payment.OrderId, attempt.Cancelled);
}
