using Microsoft.Extensions.DependencyInjection;

namespace Perdure.Simulation.Tests.Stressing;

/// <summary>User code that holds the thread of a stage in virtual time is given up and named.</summary>
public sealed class WhatHoldsItsThreadIsNamed
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(300);

    [Fact]
    public void An_operation_that_blocks_is_named()
    {
        using var held = new Held();
        var found = Assert.Throws<InvalidOperationException>(() => (Stress.Operation<Hold>(services => services.AddSingleton(held)).Inputs((_, number) => new Payment($"{number}", 1)).Rate(10) with { Patience = Soon }).Run());
        Assert.Contains("The operation 'hold' waits for real time", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_blocks_is_named_by_its_instance_and_state()
    {
        using var held = new Held();
        var found = Assert.Throws<InvalidOperationException>(() => (Stress.Workflow<Holds>(services => services.AddSingleton(held)).Inputs((_, number) => new Payment($"{number}", 1)).Rate(10) with { Patience = Soon }).Run());
        Assert.Matches("The body of state 'Begun' of [0-9a-z]{13} .*holds its thread", found.Message);
    }
}

/// <summary>Whoever waits for it waits until it is disposed of.</summary>
public sealed class Held : IDisposable
{
    private readonly TaskCompletionSource _over = new();

    public void Wait() => _over.Task.Wait();

    public void Dispose() => _over.TrySetResult();
}

public sealed class Hold(Held held) : Query<Payment, Receipt>
{
    public override Task<Receipt> Run(Payment input, Attempt attempt)
    {
        held.Wait();
        return Task.FromResult(new Receipt(input.Order));
    }
}

public sealed class Holds(Held held) : Workflow<Payment>("holds", version: 1)
{
    protected override Map<Payment> Define(Map<Payment> map) => map.Start("Begun").Runs(Go).End<Receipt>();

    public Task<To<Receipt>> Go(IVisit<Payment> visit, Payment payment)
    {
        held.Wait();
        return Task.FromResult<To<Receipt>>(new Receipt(payment.Order));
    }
}
