namespace Perdure.Simulation.Tests.Stressing;

public sealed record Payment(string Order, decimal Amount);
public sealed record Receipt(string Number);

/// <summary>Declares ten attempts at once, and does nothing of its own.</summary>
public sealed class ChargeCard : Operation<Payment, Receipt>
{
    public override int Concurrency => 10;
    public override Task<Receipt> Run(Payment input, Attempt attempt) => Task.FromResult(new Receipt(attempt.Token));
    public override Task Undo(Payment input, Receipt? output, Attempt attempt) => Task.CompletedTask;
}

/// <summary>Takes its time from the clock of its services, as code that can be tested does.</summary>
public sealed class AskTheBank(TimeProvider time) : Query<Payment, Receipt>
{
    public override async Task<Receipt> Run(Payment input, Attempt attempt)
    {
        await Task.Delay(20.Milliseconds, time, attempt.Cancelled);
        return new(input.Order);
    }
}

/// <summary>Needs real time.</summary>
public sealed class AskTheWorld : Query<Payment, Receipt>
{
    public override async Task<Receipt> Run(Payment input, Attempt attempt)
    {
        await Task.Delay(1, CancellationToken.None);
        return new(input.Order);
    }
}

/// <summary>Counts what comes.</summary>
public sealed class Bank
{
    private int _now, _most;

    public System.Collections.Concurrent.ConcurrentDictionary<string, string> Tokens { get; } = [];

    public int MostAtOnce => _most;

    public void Enter(string token)
    {
        var now = Interlocked.Increment(ref _now);
        for (var most = _most; now > most && Interlocked.CompareExchange(ref _most, now, most) != most;) most = _most;
        Tokens[token] = token;
    }

    public void Leave() => Interlocked.Decrement(ref _now);
}

/// <summary>Goes off its thread and comes back, as code does that asks over a network.</summary>
public sealed class CountAtTheBank(Bank bank) : Query<Payment, Receipt>
{
    public override TimeSpan Timeout => 2.Seconds;

    public override async Task<Receipt> Run(Payment input, Attempt attempt)
    {
        bank.Enter(attempt.Token);
        await Task.Yield();
        bank.Leave();
        return new(input.Order);
    }
}
