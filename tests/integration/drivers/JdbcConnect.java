// Connects once and prints whether the connection is encrypted: java JdbcConnect.java URL USER PASSWORD.
// On failure prints the SQLSTATE and the message, exit code 1.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;

public class JdbcConnect {
  public static void main(String[] arguments) throws Exception {
    try (Connection connection =
            DriverManager.getConnection(arguments[0], arguments[1], arguments[2]);
        ResultSet rows = connection.createStatement().executeQuery("SELECT 'connected'")) {
      rows.next();
      System.out.println(rows.getString(1));
    } catch (SQLException problem) {
      System.out.println(problem.getSQLState() + " " + problem.getMessage());
      System.exit(1);
    }
  }
}
