using Perdure.Kernel;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>Changes the log behind the store's back.</summary>
internal static class Tampers
{
    public static bool With(Shell shell, InstanceId instance, long version, Tampering how)
    {
        shell.Run("DROP TRIGGER log_is_append_only ON log; DROP TRIGGER log_is_fixed ON log");
        shell.Run(how switch
        {
            Tampering.Alter => $"UPDATE log SET body = convert_to(' ' || convert_from(body, 'UTF8'), 'UTF8') WHERE instance = {instance.Value} AND version = {version}",
            Tampering.Remove => $"DELETE FROM log WHERE instance = {instance.Value} AND version = {version}",
            Tampering.CutTail => $"DELETE FROM log WHERE instance = {instance.Value} AND version >= {version}",
            Tampering.Swap => $"""
                UPDATE log SET version = -version WHERE instance = {instance.Value} AND version IN ({version}, {version + 1});
                UPDATE log SET version = CASE version WHEN {-version} THEN {version + 1} ELSE {version} END WHERE instance = {instance.Value} AND version < 0;
                """,
            _ => throw new InvalidOperationException(),
        });
        return true;
    }
}
