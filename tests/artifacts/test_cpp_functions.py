"""The finder of functions finds what it should."""

from cpp_functions import functions

TEXT = '''
#define LOOP(x) { for (;;) {} }
namespace a {
// void Comment() {
constexpr int kTable[] = {1, 2, 3};
const std::array<F, 1> kFunctions = {F{"a(", 1}};
class Thing {
 public:
  explicit Thing(int a, std::map<int, long> b) : a_{a}, b_(std::move(b)) { Use(a_); }
  int a() const { return a_; }
  void Later(int, int, int, int, int);

 private:
  int a_ = 0;
};
template <typename T, typename U>
auto Pair(T first, U second) -> std::pair<T, U> {
  auto call = [](int x) {
    return x;
  };
  return {first, "{" + call(second)};
}
bool operator==(const A& left, const A& right) { return left.x == right.x; }
void operator()(int only) {}
struct Plain { int x = 1; };
std::vector<Row> Rows() {
  return {
      {1, [] { return 2; }},
      {3, [] { return 4; }},
  };
}
}  // namespace a
'''


def test_finds_names_lengths_and_parameters():
    found = functions(TEXT)
    assert [function.parameters for function in found] == [2, 0, 2, 2, 1, 0]
    assert [function.lines for function in found] == [1, 1, 7, 1, 1, 6]
    assert found[2].header.startswith("template <typename T, typename U> auto Pair(")
    assert [function.is_table for function in found] == [False] * 5 + [True]
