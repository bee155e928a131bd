// Prints what pgjdbc sees of one server: java JdbcOperations.java PORT.

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class JdbcOperations {
  interface Call { void run() throws Exception; }

  static int step = 0;
  static Connection connection;

  static void say(String what, Object... values) {
    System.out.println(++step + " " + what + " " + Arrays.deepToString(values));
  }

  static void fails(String what, Call call) throws Exception {
    try {
      call.run();
      say(what, "no error");
    } catch (SQLException error) {
      say(what, error.getSQLState(), error.getMessage());
    }
  }

  static String rows(String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) statement.setObject(i + 1, parameters[i]);
      if (!statement.execute()) return "changed " + statement.getUpdateCount();
      StringBuilder text = new StringBuilder();
      ResultSet result = statement.getResultSet();
      while (result.next())
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++)
          text.append(result.getString(i)).append('|');
      return text.toString();
    }
  }

  static void values() throws Exception {
    say("integers", rows("SELECT 1, 2::int8, -3::int2"));
    say("floats", rows("SELECT 1.5::float4, 'NaN'::float8, 1.50::numeric"));
    say("text", rows("SELECT ?::text", "quo'te äöü"));
    say("null", rows("SELECT ?::text", (Object) null));
    say("bytea", rows("SELECT decode(?, 'hex')", "00ff"));
    say("array", rows("SELECT ?", connection.createArrayOf("int4", new Integer[] {1, 2})));
    say("json", rows("SELECT ?::jsonb", "{\"a\": [1]}"));
    say("dates", rows("SELECT '2024-02-29'::date, '1 day'::interval"));
    say("range", rows("SELECT '[1,5)'::int4range"));
    say("no row", rows("SELECT 1 WHERE false"));
    say("rows", rows("SELECT sum(n) FROM generate_series(1, 20000) n"));
    say("large", rows("SELECT repeat('x', 3000000)").length());
    say("many", rows("SELECT generate_series(1, 20000)").length());
    for (int i = 0; i < 8; i++) say("server prepared", rows("SELECT ?::int4 + 1", i));
    say("several", rows("SELECT 1; SELECT 2"));
  }

  static void errors() throws Exception {
    fails("syntax", () -> rows("SELEC 1"));
    fails("table", () -> rows("SELECT * FROM no_such_table"));
    fails("division", () -> rows("SELECT 1 / ?", 0));
    fails("cast", () -> rows("SELECT ?::int", "x"));
    say("fine", rows("SELECT 'fine'"));
  }

  static void tables() throws Exception {
    say("create", rows("CREATE TEMP TABLE t (id int PRIMARY KEY, v text)"));
    say("insert", rows("INSERT INTO t VALUES (?, ?)", 1, "a"));
    fails("duplicate", () -> rows("INSERT INTO t VALUES (1, 'dup')"));
    say("batch", Arrays.toString(batch("INSERT INTO t VALUES (?, 'batch')", 10, 60)));
    fails("broken batch", () -> batch("INSERT INTO t VALUES (?, 'broken')", 55, 65));
    say("update", rows("UPDATE t SET v = v || '!' WHERE id < ?", 15));
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("INSERT INTO t VALUES (100, 'key')", Statement.RETURN_GENERATED_KEYS);
      ResultSet keys = statement.getGeneratedKeys();
      keys.next();
      say("generated keys", keys.getInt(1));
    }
    CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
    say("copy in", copy.copyIn("COPY t FROM STDIN", new StringReader("200\tcopied\n201\t\\N\n")));
    fails("bad copy", () -> copy.copyIn("COPY t FROM STDIN", new StringReader("x\n")));
    StringWriter out = new StringWriter();
    copy.copyOut("COPY (SELECT * FROM t WHERE id >= 100 ORDER BY id) TO STDOUT", out);
    say("copy out", out);
    say("metadata", connection.getMetaData().getDatabaseProductName());
  }

  static int[] batch(String sql, int from, int to) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int id = from; id < to; id++) {
        statement.setInt(1, id);
        statement.addBatch();
      }
      return statement.executeBatch();
    }
  }

  static void transactions() throws Exception {
    connection.setAutoCommit(false);
    say("delete", rows("DELETE FROM t"));
    connection.rollback();
    say("rolled back", rows("SELECT count(*) FROM t"));
    Savepoint savepoint = connection.setSavepoint();
    fails("in transaction", () -> rows("SELECT 1 / 0"));
    connection.rollback(savepoint);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(7);
      ResultSet result = statement.executeQuery("SELECT generate_series(1, 50)");
      long sum = 0;
      while (result.next()) sum += result.getLong(1);
      say("fetch size", sum);
      ResultSet abandoned = statement.executeQuery("SELECT generate_series(1, 50)");
      abandoned.next();
    }
    connection.commit();
    fails("failed transaction", () -> { rows("SELECT 1 / 0"); });
    fails("still failed", () -> rows("SELECT 1"));
    connection.rollback();
    connection.setAutoCommit(true);
  }

  static void calls() throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE FUNCTION pg_temp.twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i * 2'");
      statement.setQueryTimeout(1);
      fails("timeout", () -> statement.executeQuery("SELECT pg_sleep(30)"));
    }
    fails("function", () -> {  // the driver itself cannot do it in simple mode
      try (CallableStatement call = connection.prepareCall("{? = call pg_temp.twice(?)}")) {
        call.registerOutParameter(1, Types.INTEGER);
        call.setInt(2, 21);
        call.execute();
        say("function", call.getInt(1));
      }
    });
    say("listen", rows("LISTEN jdbc"), rows("NOTIFY jdbc, 'payload'"));
    say("notified", connection.unwrap(PGConnection.class).getNotifications(1000)[0].getParameter());
    try (Statement statement = connection.createStatement()) {
      statement.execute("DO $$ BEGIN RAISE WARNING 'a warning'; END $$");
      say("warning", statement.getWarnings().getMessage());
    }
  }

  public static void main(String[] arguments) throws Exception {
    for (String mode : new String[] {"extended", "simple"}) {
      Properties properties = new Properties();
      properties.put("user", "postgres");
      properties.put("preferQueryMode", mode);
      String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/postgres";
      connection = DriverManager.getConnection(url, properties);
      say("mode", mode);
      values();
      errors();
      tables();
      transactions();
      calls();
      connection.close();
    }
  }
}
