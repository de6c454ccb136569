using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Perdure.Kernel;

namespace Perdure.Transactions.Node;

/// <summary>One part of a bill.</summary>
public sealed record Payment(string Account, int Number);

/// <summary>That it is paid.</summary>
public sealed record Receipt(int Number);

/// <summary>What a test does between an operation's statement and its end, and what it has seen.</summary>
public sealed class Meanwhile
{
    /// <summary>Called after the statement, in the open transaction.</summary>
    public Func<Payment, StoreTransaction, Attempt, Task> Do { get; set; } = (_, _, _) => Task.CompletedTask;
}

/// <summary>What the three ways have in common: policies, and how a payment is taken back.</summary>
public abstract class Paying(Meanwhile meanwhile) : Transacted<Payment, Receipt>
{
    public override Retry Retry => Retry.Exponential(TimeSpan.FromMilliseconds(20), cap: TimeSpan.FromMilliseconds(200), attempts: 200);

    public override async Task<Receipt> Run(Payment input, StoreTransaction store, Attempt attempt)
    {
        await Write(input, store, attempt.Cancelled);
        await meanwhile.Do(input, store, attempt);
        return new(input.Number);
    }

    public override async Task Undo(Payment input, Receipt output, StoreTransaction store, Attempt attempt) =>
        await store.Connection.ExecuteAsync(new CommandDefinition("INSERT INTO payment (account, number, amount) VALUES (@Account, @Number, -1)", input, store.Transaction, cancellationToken: attempt.Cancelled));

    protected abstract Task Write(Payment payment, StoreTransaction store, CancellationToken cancellation);
}

public sealed class PayByAdo(Meanwhile meanwhile) : Paying(meanwhile)
{
    protected override async Task Write(Payment payment, StoreTransaction store, CancellationToken cancellation)
    {
        await using var command = store.Connection.CreateCommand();
        command.Transaction = store.Transaction;
        command.CommandText = "INSERT INTO payment (account, number, amount) VALUES (@account, @number, 1)";
        foreach (var (name, value) in new (string, object)[] { ("account", payment.Account), ("number", payment.Number) })
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

public sealed class PayByDapper(Meanwhile meanwhile) : Paying(meanwhile)
{
    protected override async Task Write(Payment payment, StoreTransaction store, CancellationToken cancellation) => await store.Connection.ExecuteAsync(
        new CommandDefinition("INSERT INTO payment (account, number, amount) VALUES (@Account, @Number, 1)", payment, store.Transaction, cancellationToken: cancellation));
}

public sealed class PayByEntityFramework(Meanwhile meanwhile) : Paying(meanwhile)
{
    protected override async Task Write(Payment payment, StoreTransaction store, CancellationToken cancellation)
    {
        var options = new DbContextOptionsBuilder<Books>();
        options = store.Connection is SqliteConnection ? options.UseSqlite(store.Connection) : options.UseNpgsql(store.Connection);
        await using var books = new Books(options.Options);
        await books.Database.UseTransactionAsync(store.Transaction, cancellation);
        books.Add(new PaymentRow { Account = payment.Account, Number = payment.Number, Amount = 1 });
        await books.SaveChangesAsync(cancellation);
    }
}

/// <summary>The table as EF Core sees it.</summary>
public sealed class Books(DbContextOptions<Books> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<PaymentRow>(row =>
    {
        row.ToTable("payment");
        row.Property(p => p.Id).HasColumnName("id");
        row.Property(p => p.Account).HasColumnName("account");
        row.Property(p => p.Number).HasColumnName("number");
        row.Property(p => p.Amount).HasColumnName("amount");
    });
}

public sealed class PaymentRow
{
    public long Id { get; set; }
    public string Account { get; set; } = "";
    public int Number { get; set; }
    public int Amount { get; set; }
}
