using System.Globalization;
using Microsoft.Data.Sqlite;
using Shop.Ledgers;

namespace Shop.Merchant;

/// <summary>What the merchant is asked to charge.</summary>
public sealed record ChargeRequest(string OrderId, decimal Amount, string Currency, string Card);

/// <summary>A line of the merchant's books.</summary>
/// <param name="Status"><c>captured</c>, <c>refunded</c>, <c>declined</c>, <c>unavailable</c>, or <c>void</c>: refunded before it came.</param>
/// <param name="Code">Why it was not captured.</param>
/// <param name="At">When the books last changed.</param>
/// <param name="New">Whether this request wrote it; otherwise it is the answer of an earlier one.</param>
public sealed record Entry(long Id, string Token, ChargeRequest Request, string Status, string? Code, DateTimeOffset At, bool New = false);

/// <summary>A charge that came after its refund had been asked for, and was refused.</summary>
public sealed record RefusedCharge(string Token, decimal Amount, DateTimeOffset At);

/// <summary>
/// The merchant's books. A charge's token is unique in them: the same one again gets the first answer again, whatever it was; one whose refund came first is refused.
/// </summary>
public sealed class MerchantBooks(string path, TimeProvider time) : IDisposable
{
    private const string Columns = "id, token, order_id, amount, currency, card, status, code, at";

    private readonly LedgerFile _file = new(path, """
        CREATE TABLE IF NOT EXISTS charges (
            id       INTEGER PRIMARY KEY,
            token    TEXT NOT NULL UNIQUE,
            order_id TEXT NOT NULL,
            amount   TEXT NOT NULL,
            currency TEXT NOT NULL,
            card     TEXT NOT NULL,
            status   TEXT NOT NULL CHECK (status IN ('captured', 'refunded', 'declined', 'unavailable', 'void')),
            code     TEXT,
            at       INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS charges_by_order ON charges (order_id);
        CREATE TABLE IF NOT EXISTS in_transit (
            token    TEXT PRIMARY KEY,
            order_id TEXT NOT NULL,
            amount   TEXT NOT NULL,
            currency TEXT NOT NULL,
            card     TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS refusals (
            id       INTEGER PRIMARY KEY,
            token    TEXT NOT NULL,
            order_id TEXT NOT NULL,
            amount   TEXT NOT NULL,
            at       INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS refusals_by_order ON refusals (order_id);
        """);

    /// <summary>Charges, or says what was said to this token before.</summary>
    public Task<Entry> Charge(string token, ChargeRequest request) => _file.Write(db => Charge(db, token, request));

    /// <summary>Gives the money back. A token that never came is remembered, and refused when it does.</summary>
    public Task<Entry> Refund(string token, string orderId) => _file.Write(db =>
    {
        var known = Find(db, token);
        if (known is null) return Book(db, token, new(orderId, 0, "", ""), "void", "refunded-before");
        if (known.Status != "captured") return known;
        db.Execute("UPDATE charges SET status = 'refunded', at = ?2 WHERE token = ?1", token, Now());
        return Find(db, token)! with { New = true };
    });

    /// <summary>Keeps a charge that is on its way and will arrive late.</summary>
    public Task<bool> Detain(string token, ChargeRequest request) => _file.Write(db =>
        db.Execute("INSERT INTO in_transit (token, order_id, amount, currency, card) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            token, request.OrderId, Text(request.Amount), request.Currency, request.Card) == 1);

    /// <summary>Lets a charge that was kept back arrive now: the books treat it as any other.</summary>
    public Task<Entry?> Arrive(string token) => _file.Write(db =>
    {
        var request = db.First("SELECT order_id, amount, currency, card FROM in_transit WHERE token = ?1", Request, token);
        if (request is null) return null;
        db.Execute("DELETE FROM in_transit WHERE token = ?1", token);
        return Charge(db, token, request);
    });

    /// <summary>The tokens of the charges that are on their way, though their refund was asked for.</summary>
    public IReadOnlyList<string> Late() => _file.Read(db =>
        db.All("SELECT token FROM in_transit JOIN charges USING (token) WHERE charges.status = 'void'", row => row.GetString(0)));

    /// <summary>The order's charges that moved money.</summary>
    public IReadOnlyList<Entry> Charges(string orderId) => _file.Read(db =>
        db.All($"SELECT {Columns} FROM charges WHERE order_id = ?1 AND status IN ('captured', 'refunded') ORDER BY id", Read, orderId));

    /// <summary>The order's charges that came too late.</summary>
    public IReadOnlyList<RefusedCharge> Refusals(string orderId) => _file.Read(db =>
        db.All("SELECT token, amount, at FROM refusals WHERE order_id = ?1 ORDER BY id", row => new RefusedCharge(row.GetString(0), Amount(row.GetString(1)), Moment(row.GetInt64(2))), orderId));

    private Entry Charge(LedgerConnection db, string token, ChargeRequest request)
    {
        if (Find(db, token) is { } known)
        {
            if (known.Status is "void" or "refunded")
                db.Execute("INSERT INTO refusals (token, order_id, amount, at) VALUES (?1, ?2, ?3, ?4)", token, request.OrderId, Text(request.Amount), Now());
            return known;
        }
        var card = TestCard.Find(request.Card);
        return card.Behaviour switch
        {
            Behaviour.Refuse => Book(db, token, request, "declined", card.Code),
            Behaviour.FailTwice when Failures(db, request.OrderId) < 2 => Book(db, token, request, "unavailable", "unavailable"),
            _ => Book(db, token, request, "captured", null),
        };
    }

    // Counted in the books, by order: every failure is definite and so each has a token of its own, whoever crashes in between.
    private static int Failures(LedgerConnection db, string orderId) => db.All("SELECT id FROM charges WHERE order_id = ?1 AND status = 'unavailable'", row => row.GetInt64(0), orderId).Count;

    private Entry Book(LedgerConnection db, string token, ChargeRequest request, string status, string? code)
    {
        db.Execute("INSERT INTO charges (token, order_id, amount, currency, card, status, code, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            token, request.OrderId, Text(request.Amount), request.Currency, request.Card, status, code, Now());
        return Find(db, token)! with { New = true };
    }

    private static Entry? Find(LedgerConnection db, string token) => db.First($"SELECT {Columns} FROM charges WHERE token = ?1", Read, token);

    private static Entry Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), new(row.GetString(2), Amount(row.GetString(3)), row.GetString(4), row.GetString(5)),
        row.GetString(6), row.IsDBNull(7) ? null : row.GetString(7), Moment(row.GetInt64(8)));

    private static ChargeRequest Request(SqliteDataReader row) => new(row.GetString(0), Amount(row.GetString(1)), row.GetString(2), row.GetString(3));

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
    private static DateTimeOffset Moment(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    private static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);
    private static decimal Amount(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
