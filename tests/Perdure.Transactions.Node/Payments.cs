using Perdure.Kernel;

namespace Perdure.Transactions.Node;

/// <summary>What an instance pays: so many parts, one after the other or at once, each by one of the ways to write.</summary>
public sealed record Bill(string Account, int Parts, string How, bool AtOnce = false, bool CalledOff = false);

/// <summary>All parts are paid.</summary>
public sealed record Settled(int Parts);

/// <summary>A part could not be paid.</summary>
public sealed record Refused(string Code);

/// <summary>What was paid has been taken back.</summary>
public sealed record TakenBack(string Why);

/// <summary>Pays bills into a table that stands beside the store's.</summary>
public sealed class Payments(PayByAdo ado, PayByDapper dapper, PayByEntityFramework entityFramework) : Workflow<Bill>("payments", version: 1)
{
    protected override Map<Bill> Define(Map<Bill> map) => map
        .Start("Received").Runs(Pay)
        .End<Settled>("SETTLED")
        .End<Refused>("REFUSED")
        .Revoked<TakenBack>("TAKEN_BACK");

    public async Task<To<Settled, Refused, TakenBack>> Pay(IVisit<Bill> visit, Bill bill)
    {
        Step<Payment, Receipt> step = bill.How switch { "ado" => ado, "dapper" => dapper, _ => entityFramework };
        var parts = Enumerable.Range(1, bill.Parts).Select(number => new Payment(bill.Account, number));
        if (bill.AtOnce) await visit.Each(step, parts, p => $"{p.Number}");
        else
        {
            foreach (var part in parts)
            {
                var paid = await visit.Try(step, part, key: $"{part.Number}");
                if (!paid.Ok) return new Refused(paid.Failure.Code);
            }
        }
        if (bill.CalledOff) return new TakenBack("The bill was called off.");
        return new Settled(bill.Parts);
    }
}
