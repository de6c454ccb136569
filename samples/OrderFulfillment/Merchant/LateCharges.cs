using System.Threading.Channels;

namespace Shop.Merchant;

/// <summary>Delivers charges that were held up on their way, once their refund has been asked for: the worst moment to arrive.</summary>
public sealed class LateCharges(MerchantBooks books, ILogger<LateCharges> log) : BackgroundService
{
    private readonly Channel<string> _tokens = Channel.CreateUnbounded<string>();

    /// <summary>A refund was asked for under this token.</summary>
    public void RefundAskedFor(string token) => _tokens.Writer.TryWrite(token);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var token in books.Late()) RefundAskedFor(token);
        try
        {
            await foreach (var token in _tokens.Reader.ReadAllAsync(stoppingToken))
                if (await books.Arrive(token) is { } entry)
                    log.LogInformation("A charge of order {Order} arrived after its refund was asked for: {Status}.", entry.Request.OrderId, entry.Status);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What has not arrived will, after the next start.
        }
    }
}
