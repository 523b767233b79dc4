int far_number(void);
int near_number(void);
int near_number(void) {
  return far_number();
}
